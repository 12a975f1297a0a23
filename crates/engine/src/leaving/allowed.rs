//! A grant's allow-list, and how addresses are compared.

use mail::mime::compose::wire_address;

/// An address as it is compared: in lower case, its domain as it goes over the wire. Tags and dots count,
/// since only the recipient's server knows what they mean.
pub(crate) fn folded(email: &str) -> String {
    wire_address(email).map_or_else(|_| email.to_lowercase(), |address| address.text.to_lowercase())
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
        let domain = address.rsplit_once('@').map(|(_, domain)| domain);
        self.addresses.iter().any(|listed| listed == address)
            || domain.is_some_and(|domain| self.domains.iter().any(|listed| listed == domain))
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
