//! Mailboxes added, edited, tested and removed on their pages, each against a real server.

use testkit::{Dovecot, Options, require_dovecot};

use crate::{
    routes::surfer::Surfer,
    world::{MAIL_PASSWORD, PASSWORD, Serving, World},
};

struct Pages {
    dovecot: Dovecot,
    world: World,
    serving: Serving,
    alice: Surfer,
}

impl Pages {
    fn new() -> Option<Self> {
        let dovecot = require_dovecot(Options::default().with_submission())?;
        let world = World::reaching(&dovecot);
        world.add_user("alice");
        let serving = world.serve();
        let alice = Surfer::signed_in(serving.port, "alice", PASSWORD);
        Some(Self { dovecot, world, serving, alice })
    }

    /// What is typed to add alice's mailbox, with some of it otherwise.
    fn typed(&self, otherwise: &[(&str, &str)]) -> Vec<(String, String)> {
        let imap = self.dovecot.imaps_port().to_string();
        let smtp = self.dovecot.submissions_port().unwrap().to_string();
        let host = self.dovecot.host();
        let usual = [
            ("address", "alice@example.org"),
            ("name", "home"),
            ("password", MAIL_PASSWORD),
            ("imap_host", host),
            ("imap_port", &imap),
            ("imap_tls", "tls"),
            ("imap_user", "alice"),
            ("smtp_host", host),
            ("smtp_port", &smtp),
            ("smtp_tls", "tls"),
            ("smtp_user", "alice"),
        ];
        let kept = usual.into_iter().filter(|(name, _)| otherwise.iter().all(|(other, _)| other != name));
        let fields = kept.chain(otherwise.iter().copied());
        fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn submit(&self, page: &str, action: &str, fields: &[(String, String)]) -> testkit::mcp_http::Response {
        let csrf = self.alice.csrf(page);
        let mut fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        fields.push(("csrf", &csrf));
        self.alice.post(action, &fields)
    }

    fn add(&self, otherwise: &[(&str, &str)]) -> testkit::mcp_http::Response {
        self.submit("/accounts/new", "/accounts/new", &self.typed(otherwise))
    }

    fn accounts(&self) -> serde_json::Value {
        self.world.run(&["account", "list", "--user", "alice", "--json"]).json()
    }
}

#[test]
fn a_mailbox_is_stored_after_both_servers_took_the_sign_in_and_shown_as_working() {
    let Some(pages) = Pages::new() else { return };
    let added = pages.add(&[]);
    assert_eq!(added.status, 303, "{}", added.body);
    assert_eq!(pages.accounts()[0]["smtp"]["tls"], "tls");
    let list = pages.alice.get("/accounts").body;
    assert!(list.contains("alice@example.org") && list.contains("badge ok\">Works"), "{list}");
    let tested = pages.submit("/accounts", "/accounts/home/test", &[]);
    assert!(
        tested.body.contains("List folders: ") && tested.body.contains("Sending mail"),
        "{}",
        tested.body
    );
    let again = pages.add(&[]);
    assert_eq!(again.status, 422);
    assert!(again.body.contains("You have a mailbox “home” already"));
    for page in ["/accounts", "/accounts/home"] {
        assert!(!pages.alice.get(page).body.contains(MAIL_PASSWORD), "{page}");
    }
    assert!(!pages.serving.log().contains(MAIL_PASSWORD) && !pages.serving.log().contains("alice@"));
}

#[test]
fn who_came_from_an_agents_question_goes_back_to_it_and_nobody_is_led_elsewhere() {
    let Some(pages) = Pages::new() else { return };
    let first = pages.add(&[("next", "/consent/con_1")]);
    assert_eq!(first.header("location"), "/consent/con_1?done=account-added", "{}", first.body);
    let second = pages.add(&[("name", "second"), ("next", "//evil.example")]);
    assert_eq!(second.header("location"), "/accounts?done=account-added");
}

#[test]
fn what_is_wrong_is_told_in_words_and_nothing_is_stored() {
    let Some(pages) = Pages::new() else { return };
    let plain_imap = pages.dovecot.imap_port().to_string();
    let tls_smtp = pages.dovecot.submissions_port().unwrap().to_string();
    for (otherwise, said) in [
        (vec![("password", "wrong-secret")], vec!["Neither server let us in", "refused the sign-in"]),
        (
            vec![("imap_port", plain_imap.as_str())],
            vec!["The server for reading mail did not let us in", "wrong version number", "STARTTLS"],
        ),
        (
            vec![("smtp_port", tls_smtp.as_str()), ("smtp_tls", "starttls")],
            vec!["Reading works", "speaks TLS from the first byte"],
        ),
        (
            vec![("own_smtp_password", "yes"), ("smtp_password", "wrong-secret")],
            vec!["Reading works, but the server for sending"],
        ),
    ] {
        let page = pages.add(&otherwise);
        assert_eq!(page.status, 422, "{otherwise:?}");
        for said in said {
            assert!(page.body.contains(said), "{otherwise:?} {said}: {}", page.body);
        }
        assert!(!page.body.contains("wrong-secret"));
        assert!(page.body.contains("value=\"alice@example.org\""), "what was typed is still there");
    }
    assert_eq!(pages.accounts(), serde_json::json!([]));
}

#[test]
fn a_changed_server_wants_the_password_again_and_is_tried_before_it_is_saved() {
    let Some(pages) = Pages::new() else { return };
    assert_eq!(pages.add(&[]).status, 303);
    let starttls = pages.dovecot.imap_port().to_string();
    let moved = [("imap_port", starttls.as_str()), ("imap_tls", "starttls")];
    let without = pages.typed(&[&moved[..], &[("password", "")]].concat());
    let page = pages.submit("/accounts/home", "/accounts/home", &without);
    assert_eq!(page.status, 422);
    assert!(page.body.contains("Type the password again"), "{}", page.body);
    let wrong = pages.typed(&[&moved[..], &[("password", "wrong-secret")]].concat());
    let page = pages.submit("/accounts/home", "/accounts/home", &wrong);
    assert!(page.status == 422 && page.body.contains("refused the sign-in"), "{}", page.body);
    assert_eq!(pages.accounts()[0]["imap"]["tls"], "tls", "nothing was saved");
    let saved = pages.submit("/accounts/home", "/accounts/home", &pages.typed(&moved));
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert_eq!(pages.accounts()[0]["imap"]["tls"], "starttls");
    assert_eq!(pages.world.run(&["account", "test", "home", "--user", "alice"]).status, 0);
}

#[test]
fn a_removed_mailbox_is_gone_for_agents_and_another_takes_its_place_as_default() {
    let Some(pages) = Pages::new() else { return };
    assert_eq!(pages.add(&[]).status, 303);
    assert_eq!(pages.add(&[("name", "work"), ("reads_only", "yes")]).status, 303);
    assert!(pages.accounts()[1]["smtp"].is_null(), "it only reads");
    let removed = pages.submit("/accounts/home/remove", "/accounts/home/remove", &[]);
    assert_eq!(removed.status, 303, "{}", removed.body);
    let left = pages.accounts();
    assert_eq!((left.as_array().unwrap().len(), &left[0]["default"]), (1, &true.into()));
    assert_eq!(pages.alice.get("/accounts/home").status, 404);
}
