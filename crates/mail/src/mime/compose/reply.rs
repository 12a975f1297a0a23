//! Who gets a reply: computed here, never guessed by an agent.

use std::collections::HashSet;

use domain::{Address, Envelope};

/// Longest address that is written to, in octets (RFC 5321: 64 and 255, and the sign between).
const MAX_ADDRESS: usize = 320;
/// Longest display name that is kept, in characters.
const MAX_NAME: usize = 200;

/// Who gets a reply; both lists are empty if the message names nobody who can.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recipients {
    /// To.
    pub to: Vec<Address>,
    /// Cc.
    pub cc: Vec<Address>,
}

/// The recipients of a reply: Reply-To, else From; of one's own message those it was sent to. `all` adds
/// To and Cc without `own`, and nobody stands twice.
///
/// Addresses are the same if they differ in case only, or in how an international domain is written. Tags
/// (`ann+shop@`) and dots are not folded: whether they lead to the same person is the business of each
/// provider, and a copy to oneself is a smaller harm than a person left out. A mailing list is answered
/// only where its Reply-To says so: an answer meant for one person must not go to hundreds.
pub fn reply_recipients(original: &Envelope, own: &[String], all: bool) -> Recipients {
    let own: HashSet<String> = own.iter().map(|address| key(address)).collect();
    let is_own = |address: &Address| own.contains(&key(&address.email));
    let from = sound(&original.from);
    let (to, cc) = (sound(&original.to), sound(&original.cc));
    let mut seen = HashSet::new();
    let mut once = |addresses: Vec<Address>| -> Vec<Address> {
        addresses.into_iter().filter(|address| seen.insert(key(&address.email))).collect()
    };
    if !from.is_empty() && from.iter().all(is_own) {
        // A note to oneself is answered to oneself.
        let others = |list: Vec<Address>| list.into_iter().filter(|address| !is_own(address)).collect();
        let has_others = to.iter().any(|address| !is_own(address));
        let to = once(if has_others { others(to) } else { to });
        return Recipients { to, cc: if all { once(others(cc)) } else { Vec::new() } };
    }
    let asked = sound(&original.reply_to);
    let is_asked = asked.iter().any(|address| !is_own(address));
    let others = |list: Vec<Address>| list.into_iter().filter(|address| !is_own(address)).collect();
    let answered = match (is_asked, from.is_empty()) {
        (true, _) => others(asked),
        (false, false) => others(from),
        (false, true) => asked,
    };
    let mut found = Recipients { to: once(answered), cc: Vec::new() };
    if all {
        found.to.extend(once(others(to)));
        found.cc = once(others(cc));
    }
    found
}

/// What two ways to write one address have in common. Local parts are folded in ASCII alone: beyond it two
/// letters may have one lower case, and two people one address.
pub(super) fn key(email: &str) -> String {
    let email = email.trim();
    let Some((local, domain)) = email.rsplit_once('@') else { return email.to_ascii_lowercase() };
    let domain = domain.trim_end_matches('.');
    let domain = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_lowercase());
    format!("{}@{domain}", local.to_ascii_lowercase())
}

/// The addresses that can be written to: names of groups and garbled ones are left out.
fn sound(addresses: &[Address]) -> Vec<Address> {
    let clean = |address: &Address| {
        let email = address.email.trim();
        let (local, domain) = email.rsplit_once('@')?;
        let is_sound = !local.is_empty()
            && !domain.trim_matches('.').is_empty()
            && email.len() <= MAX_ADDRESS
            && !email.contains(['<', '>', '\\'])
            // A quoted local part may hold nearly anything; nothing that is worth the risk does.
            && !email.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, ',' | ';' | '"'))
            && !domain.contains(['(', ')', '@']);
        is_sound.then(|| Address { name: clean_name(&address.name), email: email.to_owned() })
    };
    addresses.iter().filter_map(clean).collect()
}

/// A display name in one line.
pub(super) fn clean_name(name: &str) -> String {
    let (clean, _) = crate::mime::invisible::clean(name);
    let words: String = clean.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_NAME).collect();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[path = "reply/tests.rs"]
mod tests;
