//! Where a person goes on after signing in: only ever a path on this server.

use std::borrow::Cow;

/// Octets of a path that is carried along.
const LONGEST: usize = 4096;

/// A path with query on this server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Next(Option<String>);

impl Next {
    /// The path, if it is one on this server; nowhere in particular otherwise.
    pub(crate) fn of(text: &str) -> Self {
        let mut octets = text.bytes();
        let is_local = text.len() <= LONGEST
            && octets.next() == Some(b'/')
            && !matches!(octets.next(), Some(b'/' | b'\\'))
            && text.bytes().all(|octet| octet.is_ascii_graphic() && octet != b'\\');
        Self(is_local.then(|| text.to_owned()))
    }

    /// Where to go: the home page if nowhere in particular.
    pub(crate) fn path(&self) -> &str {
        self.0.as_deref().unwrap_or("/")
    }

    /// The value for a hidden field or a query; empty if nowhere in particular.
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// The value of a query; empty if nowhere in particular.
    pub(crate) fn encoded(&self) -> String {
        encode(self.as_str())
    }

    /// Whether an agent waits there for the person's answer.
    pub(crate) fn is_for_agent(&self) -> bool {
        self.as_str().starts_with("/oauth/authorize?") || self.as_str().starts_with("/consent/")
    }

    /// The page for new people that leads there afterwards.
    pub(crate) fn sign_up(&self) -> String {
        match self.0.as_deref() {
            None | Some("/") => "/login?new=1".to_owned(),
            Some(path) => format!("/login?new=1&next={}", encode(path)),
        }
    }

    /// The sign-in page that leads there afterwards.
    pub(crate) fn login(&self) -> String {
        match self.0.as_deref() {
            None | Some("/") => "/login".to_owned(),
            Some(path) => format!("/login?next={}", encode(path)),
        }
    }
}

/// Percent-encodes a value for a query or a segment of a path.
pub(crate) fn encode(text: &str) -> String {
    // form encoding writes a space as `+`, which means a plus in a path
    let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    encoded.replace('+', "%20")
}

/// The first value of that name in a query.
pub(crate) fn query_value<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_on_this_server_is_gone_on_to() {
        for path in ["/", "/consent/con_1", "/oauth/authorize?client_id=https%3A%2F%2Fa.example&x=1"] {
            assert_eq!(Next::of(path).path(), path);
        }
        let long = format!("/{}", "a".repeat(LONGEST));
        for elsewhere in [
            "",
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/a\r\nSet-Cookie: x=y",
            "/a b",
            "/é",
            "evil",
            &long,
        ] {
            assert_eq!(Next::of(elsewhere), Next::default(), "{elsewhere:?}");
            assert_eq!(Next::of(elsewhere).path(), "/");
        }
    }

    #[test]
    fn the_way_to_sign_in_carries_the_path_encoded() {
        assert_eq!(Next::of("/a?b=c&d").login(), "/login?next=%2Fa%3Fb%3Dc%26d");
        assert_eq!(Next::of("//x").login(), "/login");
    }
}
