//! Who a message goes to, as it was given: read strictly, nobody twice, so many at the most.

use std::collections::HashSet;

use domain::{Address, Code, Problem};
use mail::mime::compose::{parse_recipients, wire_address};

/// Recipients of one message, To, Cc and Bcc together.
pub(crate) const MAX_RECIPIENTS: usize = 100;

/// Octets of one list; beyond all that so many addresses can need.
const MAX_OCTETS: usize = 1 << 20;

/// To, Cc and Bcc of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lists {
    pub(super) to: Vec<Address>,
    pub(super) cc: Vec<Address>,
    pub(super) bcc: Vec<Address>,
}

impl Lists {
    /// All addresses.
    pub(super) fn all(&self) -> impl Iterator<Item = &Address> {
        self.to.iter().chain(&self.cc).chain(&self.bcc)
    }

    /// The lists with nobody twice, the first place wins; every address can be written to.
    pub(super) fn checked(mut self) -> Result<Self, Problem> {
        let mut seen = HashSet::new();
        for list in [&mut self.to, &mut self.cc, &mut self.bcc] {
            list.retain(|address| seen.insert(on_the_wire(&address.email)));
        }
        if seen.len() > MAX_RECIPIENTS {
            let told = format!(
                "A message goes to at most {MAX_RECIPIENTS} recipients, and these are {}.",
                seen.len()
            );
            return Err(Problem::new(Code::TooMany, told).hint("Give fewer in `to`, `cc` and `bcc`."));
        }
        for address in self.all() {
            wire_address(&address.email).map_err(|error| error.problem())?;
        }
        Ok(self)
    }
}

/// What two ways to write an address have in common. Folded in ASCII alone: beyond it two letters may have
/// one lower case, and two people one address.
fn on_the_wire(email: &str) -> String {
    wire_address(email).map_or_else(|_| email.to_owned(), |wire| wire.text).to_ascii_lowercase()
}

/// Reads a list whose entries hold one or more addresses each.
pub(super) fn read(entries: &[String]) -> Result<Vec<Address>, Problem> {
    let mut out = Vec::new();
    if entries.iter().map(String::len).sum::<usize>() > MAX_OCTETS {
        return Err(Problem::new(Code::TooMany, "A list of recipients is too long.")
            .hint(format!("A message goes to at most {MAX_RECIPIENTS} recipients.")));
    }
    for entry in entries {
        if entry.trim().is_empty() {
            continue;
        }
        out.append(&mut parse_recipients(entry).map_err(|error| error.problem())?);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ways_to_write_an_address_are_merged_and_two_addresses_are_not() {
        let to = read(&[
            "ann@example.org, ANN@EXAMPLE.ORG, kim@example.org".into(),
            // The sign of Kelvin, whose lower case is an ASCII k.
            "\u{212a}im@example.org, x@b\u{fc}cher.example, X@xn--bcher-kva.example".into(),
        ]);
        let lists = Lists { to: to.unwrap(), ..Lists::default() }.checked().unwrap();
        let kept: Vec<&str> = lists.to.iter().map(|address| address.email.as_str()).collect();
        assert_eq!(
            kept,
            ["ann@example.org", "kim@example.org", "\u{212a}im@example.org", "x@b\u{fc}cher.example"]
        );
    }
}
