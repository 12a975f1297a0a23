//! Forms of things that are there, with fields missing and overlong: each gets a page that says so or is led back,
//! and nothing changes by it. The names of fields are read from the sources, so that a new one is tried, too.
//! Messages that wait or are on their way need a mail server: they are tried in the server's own tests.

use std::{collections::BTreeSet, fs, path::Path};

use axum::http::StatusCode;
use domain::{AccountSettings, ConsentId, Secret};

use super::tests::{PUBLIC, routes};
use crate::{
    pages::let_in::PLAIN,
    world::{PASSWORD, Page, Surfer, World},
};

/// What a click alone does: such a form has no field that could be missing.
const BUTTONS: &[&str] = &[
    "/accounts/new/provider",
    "/accounts/{name}/default",
    "/accounts/{name}/remove",
    "/accounts/{name}/test",
    "/activity/check",
    "/admin/invitations",
    "/agents/{id}/families/{family}/end",
    "/agents/{id}/pause",
    "/agents/{id}/resume",
    "/agents/{id}/revoke",
    "/logout",
    "/prove/passkey/begin",
    "/settings/codes/begin",
    "/settings/codes/off",
    "/settings/codes/recovery",
    "/settings/data/export",
    "/settings/passkeys/begin",
    "/settings/sessions/end-others",
];

/// The names of all fields that a page looks for.
pub(super) fn names() -> BTreeSet<String> {
    let mut names: BTreeSet<String> = ["imap", "smtp"]
        .iter()
        .flat_map(|of| ["host", "port", "tls", "user"].map(|is| format!("{of}_{is}")))
        .collect();
    names.insert("smtp_password".to_owned());
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/pages"), &mut names);
    for name in ["code", "typed", "before", "undo", "passkey", "subject", "begun", "pending"] {
        assert!(names.contains(name), "{name}: {names:?}");
    }
    names
}

fn read(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, names);
            continue;
        }
        let source = fs::read_to_string(path).unwrap();
        for call in ["text(\"", "raw(\"", "secret(\"", "has(\"", "all(\""] {
            let found =
                source.split(call).skip(1).filter_map(|rest| rest.split_once("\")")).map(|(name, _)| name);
            let is_name = |name: &&str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            names.extend(found.filter(is_name).map(str::to_owned));
        }
    }
}

/// Ann, who administrates, with a mailbox, an agent, an app of codes half set up, and a question that is open; Bob.
struct Scene {
    world: World,
    ann: Surfer,
    agent: String,
    question: String,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let mut ann = world.person("ann").await;
        world.person("bob").await;
        world.mailbox("ann", "work").await;
        let agent = world.let_in(&mut ann, "Agent", &["mail:read"]).await;
        let client = world.client("Another", "https://another.example/callback").await;
        let question = world.question(&ann, &client, None).await;
        assert_eq!(ann.submit("/settings", "/settings/codes/begin", &[]).await.status, StatusCode::SEE_OTHER);
        Self { world, ann, agent, question }
    }

    /// All that a form could change.
    async fn state(&self) -> String {
        let (access, who) = (&self.world.access, self.world.who(&self.ann).await);
        let question = ConsentId::from_text(self.question.trim_start_matches("/consent/"));
        [
            format!("{:#?}", access.user_list().await.unwrap()),
            format!("{:#?}", access.account_list("ann").await.unwrap()),
            format!("{:#?}", access.agent_list(&who).await.unwrap()),
            format!("{:#?}", access.consent_find(&who, &question).await.unwrap()),
            format!("{:#?}", access.invitation_list().await.unwrap()),
            format!("{:#?}", access.wishes(&who.user.id).await.unwrap()),
            format!("{}", access.web_session_list(&who).await.unwrap().len()),
            format!("{}", access.passkey_list(&who).await.unwrap().len()),
            access.codes_setup(&who).await.unwrap().unwrap().secret.expose().to_owned(),
        ]
        .join("\n")
    }

    /// What a state cannot show; once in a test, since passwords are slow to look at.
    async fn passwords_are_the_same(&self) {
        for name in ["ann", "bob"] {
            let known = self.world.access.user_verify(name, &Secret::new(PASSWORD)).await.unwrap();
            assert!(known.is_some(), "{name} has the same password");
        }
    }

    fn path(&self, route: &str) -> String {
        let id = if route.starts_with("/consent/") { &self.question } else { &self.agent };
        let id = id.rsplit('/').next().unwrap();
        route.replace("{id}", id).replace("{name}", "work")
    }

    /// Posts a form, and checks that it is answered in words and nothing was changed.
    async fn refused(&mut self, path: &str, fields: &[(&str, &str)], what: &str) -> Page {
        let before = self.state().await;
        let csrf = self.ann.get("/settings").await.csrf();
        let page = self.ann.post(path, &[&[("csrf", csrf.as_str())], fields].concat()).await;
        let is_refused = page.status.is_client_error() && page.says("<h1");
        assert!(
            is_refused || page.status == StatusCode::SEE_OTHER,
            "{path}, {what}: {} {}",
            page.status,
            page.html
        );
        assert_eq!(self.state().await, before, "{path}, {what}");
        page
    }
}

#[tokio::test]
async fn a_form_whose_fields_are_missing_or_overlong_is_answered_in_words_and_changes_nothing() {
    let mut scene = Scene::new().await;
    let (names, long) = (names(), "ä".repeat(1_100));
    let is_form = |route: &str| !PUBLIC.contains(&route) && !BUTTONS.contains(&route);
    let routes: Vec<String> = routes()
        .into_iter()
        .filter(|(route, is_post)| *is_post && is_form(route))
        .map(|(route, _)| route)
        .collect();
    for route in
        ["/consent/{id}", "/agents/{id}", "/accounts/{name}", "/activity/undo", "/settings/codes/confirm"]
    {
        assert!(routes.iter().any(|known| known == route), "{route}");
    }
    let overlong: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), long.as_str())).collect();
    for route in &routes {
        let path = scene.path(route);
        scene.refused(&path, &[], "all missing").await;
        scene.refused(&path, &overlong, "all overlong").await;
    }
    scene.passwords_are_the_same().await;
}

#[tokio::test]
async fn one_wrong_field_is_enough_to_refuse_a_form_that_is_right_otherwise() {
    let mut scene = Scene::new().await;
    let long = "ä".repeat(1_100);
    let very_long = "ä".repeat(AccountSettings::MAX_SIGNATURE + 1);
    let (question, agent) = (scene.question.clone(), scene.agent.clone());
    let allow = [&[("answer", "allow"), ("scope", "mail:read"), ("account", "work")][..], &PLAIN].concat();
    let account = [
        ("imap_host", "mail.example.org"),
        ("imap_port", "993"),
        ("imap_tls", "tls"),
        ("imap_user", "work"),
        ("smtp_host", "mail.example.org"),
        ("smtp_port", "465"),
        ("smtp_tls", "tls"),
        ("smtp_user", "work"),
        ("display_name", "Ann"),
    ];
    let limits = ["approval", "place", "ending", "calls", "recipients", "folders"].map(|name| (name, &*long));
    let answered = [&[("answer", &*long)][..], &limits].concat();
    for (path, right, wrong) in [
        (&*question, &allow[..], &answered[..]),
        (&*agent, &allow, &limits),
        (
            "/accounts/work",
            &account,
            &[
                ("imap_host", &long),
                ("imap_user", &long),
                ("imap_port", &long),
                ("imap_tls", &long),
                ("display_name", &long),
                ("password", &long),
                ("signature", &very_long),
                ("writing_style", &very_long),
                ("allowed_folders", &very_long),
            ],
        ),
        (
            "/admin/users/delete",
            &[("name", "bob"), ("typed", "bob")],
            &[("typed", &long), ("typed", ""), ("name", &long), ("name", "")],
        ),
        ("/admin/invitations", &[("note", "Carol")], &[("note", &long)]),
        (
            "/activity/delete",
            &[("what", "before"), ("before", "2027-01-01")],
            &[("before", &long), ("before", ""), ("what", &long)],
        ),
        (
            "/settings/data/wishes",
            &[("activity", "90"), ("outbox", "30"), ("undo", "7")],
            &[("undo", &long), ("undo", ""), ("activity", &long), ("outbox", "")],
        ),
        (
            "/settings/password",
            &[("old", PASSWORD), ("password", "another long one")],
            &[("old", &long), ("old", ""), ("password", &long), ("password", "")],
        ),
        ("/settings/codes/confirm", &[], &[("code", &long), ("code", "")]),
        ("/settings/passkeys/remove", &[], &[("passkey", &long)]),
        (
            "/settings/provider/remove",
            &[("issuer", "https://login.example.org")],
            &[("subject", &long), ("subject", "")],
        ),
    ] {
        for (name, value) in wrong {
            let kept = right.iter().filter(|(field, _)| field != name).copied();
            let fields: Vec<(&str, &str)> = kept.chain([(*name, *value)]).collect();
            scene.refused(path, &fields, name).await;
        }
    }
    scene.passwords_are_the_same().await;
    // nothing but the wrong field was in the way
    for (path, right) in [
        (&*agent, [&[("scope", "mail:search"), ("account", "work")][..], &PLAIN].concat()),
        ("/admin/invitations", vec![("note", "Carol")]),
        ("/settings/data/wishes", vec![("activity", "90"), ("outbox", "30"), ("undo", "7")]),
        ("/admin/users/delete", vec![("name", "bob"), ("typed", "bob")]),
    ] {
        let before = scene.state().await;
        let page = scene.ann.submit("/settings", path, &right).await;
        assert!(page.status.is_success() || page.status == StatusCode::SEE_OTHER, "{path}: {}", page.html);
        assert_ne!(scene.state().await, before, "{path}: {}", page.location());
    }
}

#[tokio::test]
async fn visitors_get_an_answer_in_words_to_fields_that_are_missing_or_overlong() {
    let scene = Scene::new().await;
    let who = scene.world.who(&scene.ann).await;
    let (_, code) = scene.world.access.invitation_new(&who.user.name, false, "").await.unwrap();
    let long = "ä".repeat(1_100);
    let names = ["name", "password", "code", "pending", "next", "answer", "address"];
    for route in PUBLIC.iter().filter(|route| routes().contains(&((**route).to_owned(), true))) {
        if route.ends_with("/begin") {
            continue;
        }
        let path = route.replace("{code}", code.expose());
        for fields in [Vec::new(), names.iter().map(|name| (*name, long.as_str())).collect()] {
            let before = scene.state().await;
            let mut visitor = scene.world.visitor();
            let page = visitor.submit("/login", &path, &fields).await;
            let is_refused = page.status.is_client_error() && page.says("<h1");
            assert!(
                is_refused || page.location().starts_with("/login"),
                "{path}: {} {}",
                page.status,
                page.html
            );
            assert_eq!(scene.state().await, before, "{path}");
        }
    }
    scene.passwords_are_the_same().await;
}
