//! A grant's allow-list, and how addresses are compared.

use mail::mime::compose::wire_address;

/// An address as it is compared: as it goes over the wire, ASCII in lower case. Tags and dots count, since only
/// the recipient's server knows what they mean; so do letters that only look or fold alike (the Kelvin sign).
pub(crate) fn folded(email: &str) -> String {
    wire_address(email).map_or_else(|_| email.to_owned(), |address| address.text).to_ascii_lowercase()
}

/// Whether a local part may be a route: servers of old send `eve%evil.example@here` and the like on, from
/// whoever signed in, so such an address is more than an address of its domain.
fn may_be_a_route(local: &str) -> bool {
    local.contains(['"', '\\', '%', '!', '@', ':', '/', ',', ';', '|', ' '])
}

/// Addresses, and domains of which every address is meant (`*@example.org`; not those below it).
pub(crate) struct AllowList {
    addresses: Vec<String>,
    domains: Vec<String>,
}

impl AllowList {
    /// Reads the entries of a grant; what is neither an address nor a domain allows nobody.
    pub(crate) fn of(entries: &[String]) -> Self {
        let mut list = Self { addresses: Vec::new(), domains: Vec::new() };
        for entry in entries {
            let entry = entry.trim();
            match entry.strip_prefix("*@") {
                // Read as an address so that a domain outside ASCII is compared as any other.
                Some(domain) if !domain.contains('@') => {
                    let whole = folded(&format!("x@{domain}"));
                    list.domains.extend(whole.split_once('@').map(|(_, domain)| domain.to_owned()));
                }
                _ => list.addresses.push(folded(entry)),
            }
        }
        list
    }

    /// Whether the list says nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.addresses.is_empty() && self.domains.is_empty()
    }

    /// Whether the address, folded, is on it.
    pub(crate) fn has(&self, address: &str) -> bool {
        let is_of_a_domain = address.rsplit_once('@').is_some_and(|(local, domain)| {
            !may_be_a_route(local) && self.domains.iter().any(|listed| listed == domain)
        });
        is_of_a_domain || self.addresses.iter().any(|listed| listed == address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_an_address_or_all_of_one_domain() {
        let list = AllowList::of(&["Ann@Example.ORG".to_owned(), " *@bücher.example ".to_owned()]);
        for (address, is_on_it) in [
            ("ann@example.org", true),
            ("ANN@EXAMPLE.org", true),
            ("ann+list@example.org", false),
            ("bob@example.org", false),
            ("anyone@xn--bcher-kva.example", true),
            ("anyone@bücher.example", true),
            ("anyone@sub.bücher.example", false),
            ("anyone@evilbücher.example", false),
            ("anyone@bücher.example@evil.example", false),
            ("*@bücher.example.evil.example", false),
        ] {
            assert_eq!(list.has(&folded(address)), is_on_it, "{address}");
        }
    }

    #[test]
    fn a_domain_does_not_stand_for_what_its_server_may_send_on() {
        let list = AllowList::of(&["*@example.org".to_owned(), "x/400@example.org".to_owned()]);
        for routed in [
            "eve%evil.example@example.org",
            "evil.example!eve@example.org",
            "\"eve@evil.example\"@example.org",
            "\"eve%evil.example\"@example.org",
            "@evil.example:eve@example.org",
            "/c=xx/s=eve/@example.org",
        ] {
            assert!(!list.has(&folded(routed)), "{routed}");
        }
        assert!(list.has("x/400@example.org") && list.has("eve+list.x_y-z'=@example.org"));
    }

    #[test]
    fn letters_that_only_fold_alike_are_not_alike() {
        let list = AllowList::of(&["kate@example.org".to_owned()]);
        assert!(list.has(&folded("KATE@example.org")));
        assert!(!list.has(&folded("\u{212a}ate@example.org")));
    }

    #[test]
    fn an_entry_that_is_neither_allows_nobody() {
        for entry in ["*", "@example.org", "*@", "*@*", "example.org", "*@a@example.org", "**@example.org"] {
            let list = AllowList::of(&[entry.to_owned()]);
            for address in ["ann@example.org", "ann@a", "x@y"] {
                assert!(!list.has(&folded(address)), "{entry}: {address}");
            }
        }
    }

    #[test]
    fn an_empty_list_says_nothing() {
        assert!(AllowList::of(&[]).is_empty());
        // An entry that allows nobody still limits.
        assert!(!AllowList::of(&["nonsense".to_owned()]).is_empty());
    }
}
