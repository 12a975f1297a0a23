//! Parameters of a query or a form: each at most once, an empty one is as good as none (RFC 6749, 3.1, 3.2).

use domain::Secret;
use url::form_urlencoded;

/// Parameters that are looked at; more is nothing that a client would send.
const MAX_COUNT: usize = 64;

/// Parameters that may be repeated (RFC 8707, 2).
const REPEATABLE: [&str; 1] = ["resource"];

/// What was sent. Values are secrets until somebody looks at one: codes, tokens and verifiers come this way.
#[derive(Debug)]
pub(crate) struct Parameters(Vec<(String, Secret)>);

impl Parameters {
    /// Reads `name=value&…`; nothing if there are too many.
    pub(crate) fn parse(sent: &[u8]) -> Option<Self> {
        let pairs = form_urlencoded::parse(sent).filter(|(_, value)| !value.is_empty());
        let pairs: Vec<(String, Secret)> =
            pairs.take(MAX_COUNT + 1).map(|(name, value)| (name.into_owned(), Secret::new(value))).collect();
        (pairs.len() <= MAX_COUNT).then_some(Self(pairs))
    }

    /// The values of that name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.expose())
    }

    /// The value of that name.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The value of that name, for whoever keeps it as the secret it is.
    pub(crate) fn secret(&self, name: &str) -> Option<Secret> {
        self.one(name).map(Secret::new)
    }

    /// Whether a parameter came twice that must not. Unknown ones count too: who repeats them is confused.
    pub(crate) fn has_repeated(&self) -> bool {
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        names.retain(|name| !REPEATABLE.contains(name));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        names.len() < count
    }

    /// Whether that parameter came twice.
    pub(crate) fn repeats(&self, name: &str) -> bool {
        self.all(name).nth(1).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_value_is_as_good_as_none() {
        let sent = Parameters::parse(b"a=&b=1&a=2").unwrap();
        assert_eq!((sent.one("a"), sent.one("b"), sent.one("c")), (Some("2"), Some("1"), None));
        assert!(!sent.has_repeated());
    }

    #[test]
    fn only_a_resource_may_come_twice() {
        assert!(Parameters::parse(b"a=1&a=1").unwrap().has_repeated());
        let sent = Parameters::parse(b"resource=x&a=1&resource=y").unwrap();
        assert!(!sent.has_repeated() && sent.repeats("resource") && !sent.repeats("a"));
        assert_eq!(sent.all("resource").collect::<Vec<_>>(), ["x", "y"]);
    }

    #[test]
    fn plus_and_percent_are_decoded_and_debug_output_shows_no_value() {
        let sent = Parameters::parse(b"code=a+b%2Bc%3d").unwrap();
        assert_eq!(sent.one("code"), Some("a b+c="));
        assert!(!format!("{sent:?}").contains("a b"));
    }

    #[test]
    fn a_flood_of_parameters_is_not_looked_at() {
        assert!(Parameters::parse("a=1&".repeat(65).as_bytes()).is_none());
    }
}
