//! Who takes part: ORGANIZER and ATTENDEE (RFC 5545, 3.8.4.1 and 3.8.4.3).

use domain::Address;

use crate::calendar::{
    Attendee, Partstat,
    lines::{Component, Line},
};

/// Attendees of an event that are kept.
const MAX_ATTENDEES: usize = 500;

/// The mail address that a line names: its value, or the EMAIL parameter (RFC 7986) where the value is none.
pub(in crate::calendar) fn address(line: &Line) -> Option<Address> {
    let email = mailbox(&line.value).or_else(|| line.parameter("EMAIL").and_then(mailbox))?;
    // some write text's escapes, or quotes within the quotes, in names too
    let name = line.parameter("CN").unwrap_or_default().replace(char::is_control, " ");
    let name = name.trim().trim_matches('"').trim();
    let is_address = name.eq_ignore_ascii_case(&email)
        || mailbox(name).is_some_and(|name| name.eq_ignore_ascii_case(&email));
    let name = if is_address { String::new() } else { name.to_owned() };
    Some(Address { name, email })
}

/// `mailto:` in any case, or an address alone, without what RFC 6068 allows behind it.
fn mailbox(value: &str) -> Option<String> {
    let value = value.trim();
    // A name with a colon that is not in quotes ends the parameters early: the address stands last.
    let address = match value.to_ascii_lowercase().rfind("mailto:") {
        Some(at) => value.get(at + "mailto:".len()..)?,
        None if value.contains(':') => return None,
        None => value,
    };
    let address = address.split('?').next().unwrap_or_default().trim().trim_matches(['<', '>', '"', '\'']);
    let (local, domain) = address.rsplit_once('@')?;
    let is_usable = !local.is_empty()
        && !domain.is_empty()
        && address.len() <= 320
        && !address
            .contains(|char: char| char.is_whitespace() || char.is_control() || matches!(char, '<' | '>'));
    is_usable.then(|| address.to_owned())
}

pub(super) fn organizer(component: &Component) -> Option<Address> {
    component.all("ORGANIZER").find_map(address)
}

pub(super) fn attendees(component: &Component, warnings: &mut Vec<String>) -> Vec<Attendee> {
    let (mut attendees, mut without, mut more) = (Vec::new(), 0_usize, 0_usize);
    for line in component.all("ATTENDEE") {
        let Some(address) = address(line) else {
            without += 1;
            continue;
        };
        if attendees.len() == MAX_ATTENDEES {
            more += 1;
            continue;
        }
        let word = |name| line.parameter(name).unwrap_or_default().trim().to_ascii_uppercase();
        let role = word("ROLE");
        attendees.push(Attendee {
            address,
            role: if role.is_empty() { "REQ-PARTICIPANT".to_owned() } else { role },
            partstat: partstat(&word("PARTSTAT")),
            rsvp: matches!(word("RSVP").as_str(), "TRUE" | "YES" | "1"),
        });
    }
    if without > 0 {
        warnings.push(format!("attendees without a mail address, who are not listed: {without}"));
    }
    if more > 0 {
        warnings.push(format!("{more} more attendees are not listed"));
    }
    attendees
}

fn partstat(word: &str) -> Partstat {
    match word {
        "" | "NEEDS-ACTION" | "NEEDS ACTION" => Partstat::NeedsAction,
        "ACCEPTED" | "CONFIRMED" => Partstat::Accepted,
        "DECLINED" => Partstat::Declined,
        "TENTATIVE" => Partstat::Tentative,
        "DELEGATED" => Partstat::Delegated,
        _ => Partstat::Other,
    }
}
