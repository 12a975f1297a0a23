//! Who asks, as a person may judge it: what was claimed, what is certain, and where the answer goes. Whether a
//! redirect is allowed at all was decided before, in `oauth` and `access`.

use access::Client;
use url::Url;

use crate::{frame::is_loopback, pages::words::foreign};

/// Characters of a client's name on a page.
const LONGEST_NAME: usize = 64;

/// Characters of an address on a page.
const LONGEST_ADDRESS: usize = 300;

/// A client, as pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asker {
    /// What it calls itself; never empty.
    pub(crate) name: String,
    /// The host that vouches for it: of the document that is its id.
    pub(crate) vouched_by: Option<String>,
}

impl Asker {
    /// The client, with nothing in its name that could mislead the eye.
    pub(crate) fn of(client: &Client) -> Self {
        let name = foreign(&client.name, LONGEST_NAME);
        let url = client.is_document.then(|| Url::parse(client.id.as_str()).ok()).flatten();
        Self {
            name: if name.is_empty() { "A program without a name".to_owned() } else { name },
            vouched_by: url.as_ref().and_then(Url::host_str).map(|host| foreign(host, LONGEST_ADDRESS)),
        }
    }
}

/// Where an answer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    /// A site.
    Site {
        /// Its host; in ASCII, so that no letter passes for another.
        host: String,
    },
    /// Whatever listens on a port of the computer with the browser.
    ThisComputer,
    /// Whatever app of the device opens such links.
    App {
        /// How they begin.
        scheme: String,
    },
}

impl Destination {
    /// Where a redirect leads.
    pub(crate) fn of(redirect: &Url) -> Self {
        match redirect.host_str() {
            _ if !matches!(redirect.scheme(), "http" | "https") => {
                Self::App { scheme: foreign(redirect.scheme(), LONGEST_NAME) }
            }
            _ if is_loopback(redirect) => Self::ThisComputer,
            host => Self::Site { host: foreign(host.unwrap_or_default(), LONGEST_ADDRESS) },
        }
    }

    /// In a few words, to stand after “The answer goes to”.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Site { host } => host.clone(),
            Self::ThisComputer => "a program on this computer".to_owned(),
            Self::App { scheme } => format!("an app that opens “{scheme}:” links"),
        }
    }
}

#[cfg(test)]
mod tests {
    use access::AuthMethod;
    use domain::ClientId;
    use time::macros::datetime;

    use super::*;

    fn client(id: &str, name: &str, is_document: bool) -> Client {
        Client {
            id: ClientId::from_text(id),
            name: name.to_owned(),
            uri: String::new(),
            redirect_uris: Vec::new(),
            auth_method: AuthMethod::None,
            is_document,
            created: datetime!(2026-01-01 00:00 UTC),
        }
    }

    fn destination(redirect: &str) -> Destination {
        Destination::of(&Url::parse(redirect).unwrap())
    }

    #[test]
    fn a_name_is_only_claimed_and_cannot_turn_the_line_around() {
        let asker = Asker::of(&client("cli_1", "Claude\u{202e} \u{200b}yb deifirev", false));
        assert_eq!(asker, Asker { name: "Claude yb deifirev".to_owned(), vouched_by: None });
        assert_eq!(Asker::of(&client("cli_1", "\u{202e}", false)).name, "A program without a name");
    }

    #[test]
    fn the_host_of_a_document_vouches_and_a_registered_id_that_looks_like_one_does_not() {
        let id = "https://claude.ai/oauth/client.json";
        assert_eq!(Asker::of(&client(id, "Claude", true)).vouched_by.as_deref(), Some("claude.ai"));
        assert_eq!(Asker::of(&client(id, "Claude", false)).vouched_by, None);
    }

    #[test]
    fn a_host_of_other_letters_is_shown_in_ascii() {
        // a Cyrillic letter in the place of the first `a`
        let host = "xn--clude-5ve.ai".to_owned();
        assert_eq!(destination("https://cl\u{430}ude.ai/callback"), Destination::Site { host });
    }

    #[test]
    fn userinfo_does_not_pass_for_the_host() {
        let host = "evil.example".to_owned();
        assert_eq!(destination("https://claude.ai@evil.example/x"), Destination::Site { host });
    }

    #[test]
    fn loopback_is_this_computer_and_other_schemes_are_apps() {
        for redirect in ["http://localhost:1234/callback", "http://127.0.0.1:33418/", "http://[::1]:1/"] {
            assert_eq!(destination(redirect), Destination::ThisComputer, "{redirect}");
        }
        assert_eq!(
            destination("http://localhost.evil.example/"),
            Destination::Site { host: "localhost.evil.example".to_owned() }
        );
        let cursor = destination("cursor://anysphere.cursor-mcp/oauth/callback");
        assert_eq!(cursor.words(), "an app that opens “cursor:” links");
    }
}
