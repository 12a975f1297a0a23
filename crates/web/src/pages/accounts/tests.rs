//! The pages of mailboxes as a browser meets them, where no mail server can be reached.

use axum::http::{HeaderValue, StatusCode};
use domain::{AccountSettings, Credentials, Endpoint, Secret, TlsMode, account::Credential};

use crate::world::World;

fn settings() -> AccountSettings {
    let at = |host: &str, port| Endpoint {
        host: host.to_owned(),
        port,
        tls: TlsMode::Tls,
        username: "ann".to_owned(),
    };
    AccountSettings {
        address: "ann@example.org".to_owned(),
        display_name: "Ann".to_owned(),
        imap: at("imap.example.org", 993),
        smtp: Some(at("smtp.example.org", 465)),
        allowed_folders: Vec::new(),
        signature: "Ann <b>Lee</b>".to_owned(),
        writing_style: "Short.".to_owned(),
    }
}

async fn add(world: &World, user: &str, name: &str) {
    let credentials = Credentials { imap: Credential::Password(Secret::new("kept-secret")), smtp: None };
    world.access.account_add(user, &name.parse().unwrap(), &settings(), &credentials).await.unwrap();
}

/// The fields of the form of an account that is left as it is.
const AS_IT_IS: [(&str, &str); 9] = [
    ("imap_host", "imap.example.org"),
    ("imap_port", "993"),
    ("imap_tls", "tls"),
    ("imap_user", "ann"),
    ("smtp_host", "smtp.example.org"),
    ("smtp_port", "465"),
    ("smtp_tls", "tls"),
    ("smtp_user", "ann"),
    ("display_name", "Ann"),
];

fn changed<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = AS_IT_IS.into_iter().filter(|(name, _)| changes.iter().all(|(other, _)| other != name));
    kept.chain(changes.iter().copied()).collect()
}

#[tokio::test]
async fn nobody_sees_or_changes_mailboxes_without_signing_in() {
    let world = World::new().await;
    world.person("ann").await;
    add(&world, "ann", "office").await;
    let mut visitor = world.visitor();
    for path in ["/accounts", "/accounts/new", "/accounts/office", "/accounts/office/remove"] {
        let page = visitor.get(path).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{path}");
        assert!(page.location().starts_with("/login?next=%2Faccounts"), "{path}");
    }
    for path in ["/accounts/new", "/accounts/office", "/accounts/office/test", "/accounts/office/remove"] {
        let page = visitor.post(path, &[]).await;
        assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/login"), "{path}");
    }
}

#[tokio::test]
async fn mailboxes_of_others_are_not_there() {
    let world = World::new().await;
    world.person("ann").await;
    add(&world, "ann", "office").await;
    let mut bob = world.person("bob").await;
    let list = bob.get("/accounts").await;
    assert!(list.says("No mailbox yet") && !list.says("example.org"));
    assert_eq!(bob.get("/accounts/office").await.status, StatusCode::NOT_FOUND);
    assert_eq!(bob.get("/accounts/office/remove").await.status, StatusCode::NOT_FOUND);
    for path in
        ["/accounts/office", "/accounts/office/test", "/accounts/office/default", "/accounts/office/remove"]
    {
        let page = bob.submit("/accounts", path, &AS_IT_IS).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(world.access.account_list("ann").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_form_without_the_token_changes_nothing() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    add(&world, "ann", "office").await;
    for path in ["/accounts/new", "/accounts/office", "/accounts/office/default", "/accounts/office/remove"] {
        let page = ann.post(path, &changed(&[("csrf", "guessed")])).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(world.access.account_list("ann").await.unwrap()[0].settings, settings());
}

#[tokio::test]
async fn a_card_tells_how_a_mailbox_is_doing_and_offers_what_can_be_done() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    assert!(ann.get("/accounts").await.says("href=\"/accounts/new\""));
    add(&world, "ann", "office").await;
    add(&world, "ann", "home").await;
    let list = ann.get("/accounts").await;
    for said in ["ann@example.org", "imap.example.org", "Not checked yet", "Default", "/accounts/office/test"]
    {
        assert!(list.says(said), "{said}");
    }
    assert!(list.says("/accounts/home/default") && !list.says("/accounts/office/default"));
    let done = ann.submit("/accounts", "/accounts/home/default", &[]).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/accounts?done=account-default"));
    assert!(ann.get("/accounts").await.says("/accounts/office/default"));
}

#[tokio::test]
async fn what_is_missing_or_too_long_is_told_at_its_field_and_stores_nothing() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    let long = "x".repeat(2_000);
    let servers = [("imap_host", "imap.example.org"), ("reads_only", "yes")];
    for (fields, field, said) in [
        (vec![], "address", "Enter your mail address"),
        (vec![("address", "ann"), ("password", "pw")], "address", "Enter your mail address"),
        (vec![("address", "ann@example.org")], "password", "Enter the password"),
        (vec![("address", "ann@example.org"), ("password", &long)], "password", "at most 1024"),
        (vec![("address", "ann@example.org"), ("password", "pw"), ("name", "Not a name")], "name", "1 to 32"),
        (
            vec![("address", "ann@example.org"), ("password", "pw"), ("display_name", &long)],
            "display_name",
            "At most 200",
        ),
        (
            vec![("address", "ann@example.org"), ("password", "pw"), ("imap_port", "0")],
            "imap_port",
            "from 1 to 65535",
        ),
    ] {
        let fields: Vec<_> = fields.into_iter().chain(servers).collect();
        let page = ann.submit("/accounts/new", "/accounts/new", &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        assert!(page.says(&format!("id=\"{field}-error\"")) && page.says(said), "{field}: {}", page.html);
        assert!(!page.says("value=\"pw\""), "a password never comes back");
    }
    assert!(world.access.account_list("ann").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_private_host_is_refused_in_words_and_nothing_is_stored() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    let fields = [
        ("address", "ann@example.org"),
        ("password", "hidden-secret"),
        ("imap_host", "127.0.0.1"),
        ("smtp_host", "localhost"),
    ];
    let page = ann.submit("/accounts/new", "/accounts/new", &fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("Neither server let us in") && page.says("is in a private network"), "{}", page.html);
    assert!(page.says("POSTROOM_ALLOW_PRIVATE_HOSTS"));
    assert!(page.says("value=\"ann@example.org\"") && !page.says("hidden-secret"));
    assert!(world.access.account_list("ann").await.unwrap().is_empty());
}

#[tokio::test]
async fn the_servers_of_a_known_provider_are_filled_in_with_what_it_wants() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    let fields = [("address", "ann@gmail.com"), ("do", "find")];
    let page = ann.submit("/accounts/new", "/accounts/new", &fields).await;
    assert_eq!(page.status, StatusCode::OK);
    for said in ["value=\"imap.gmail.com\"", "value=\"smtp.gmail.com\"", "app password", "<details open>"] {
        assert!(page.says(said), "{said}");
    }
    let script = page.html.split("<script src=\"").nth(2).and_then(|rest| rest.split('"').next()).unwrap();
    assert!(ann.get(script).await.says("var htmx"), "{script}");
    let part = ann.submit("/accounts/new", "/accounts/new/provider", &[("address", "ann@icloud.com")]).await;
    assert!(part.says("app-specific") && !part.says("<html"), "{}", part.html);
    let none = ann.submit("/accounts/new", "/accounts/new/provider", &[("address", "a@example.org")]).await;
    assert_eq!((none.status, none.html.trim()), (StatusCode::OK, ""));
}

#[tokio::test]
async fn a_port_that_does_not_fit_is_told_while_typing() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    let hint = ann.get("/accounts/new/port?imap_port=143&imap_tls=tls").await;
    assert!(hint.says("wrong version number") && !hint.says("<html"));
    assert!(!ann.get("/accounts/new/port?smtp_port=587&smtp_tls=starttls").await.says("notice"));
    assert!(!ann.get("/accounts/new/port?smtp_port=%3Cb%3E&smtp_tls=x").await.says("notice"));
}

#[tokio::test]
async fn words_about_a_mailbox_are_saved_without_asking_its_servers() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    add(&world, "ann", "office").await;
    let page = ann.get("/accounts/office").await;
    assert!(page.says("Ann &#60;b&#62;Lee&#60;/b&#62;"), "a signature is shown as text: {}", page.html);
    assert!(!page.says("kept-secret"));
    let fields = changed(&[
        ("writing_style", "Warm, brief.\r\nFirst names."),
        ("signature", "<p>Ann</p>\r\n"),
        ("allowed_folders", "@inbox\r\n\r\n Projects/2026 \r\n"),
    ]);
    let saved = ann.submit("/accounts/office", "/accounts/office", &fields).await;
    assert_eq!(saved.location(), "/accounts/office?done=account-changed", "{}", saved.html);
    let kept = world.access.account_list("ann").await.unwrap().remove(0).settings;
    assert_eq!(kept.writing_style, "Warm, brief.\nFirst names.");
    assert_eq!(kept.signature, "<p>Ann</p>");
    assert_eq!(kept.allowed_folders, ["@inbox", "Projects/2026"]);
    assert_eq!(kept.imap, settings().imap);
}

#[tokio::test]
async fn a_signature_or_style_that_is_too_long_is_not_saved() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    add(&world, "ann", "office").await;
    let (signature, style) = ("x".repeat(20_001), "x".repeat(4_001));
    for (field, text, said) in
        [("signature", &signature, "At most 20000"), ("writing_style", &style, "At most 4000")]
    {
        let page = ann.submit("/accounts/office", "/accounts/office", &changed(&[(field, text)])).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.says(said) && page.says(&format!("id=\"{field}-error\"")));
    }
    assert_eq!(world.access.account_list("ann").await.unwrap()[0].settings, settings());
}

#[tokio::test]
async fn a_signature_of_twenty_thousand_characters_of_any_script_is_saved() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    add(&world, "ann", "office").await;
    let signature = "\u{1f4ee}".repeat(20_000);
    let page =
        ann.submit("/accounts/office", "/accounts/office", &changed(&[("signature", &signature)])).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert_eq!(world.access.account_list("ann").await.unwrap()[0].settings.signature, signature);
}

#[tokio::test]
async fn removing_names_what_comes_of_it_and_is_a_second_step() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    add(&world, "ann", "office").await;
    let ask = ann.get("/accounts/office/remove").await;
    assert!(ask.says("cannot be brought back") && ask.says("your only mailbox"));
    assert_eq!(world.access.account_list("ann").await.unwrap().len(), 1);
    let done = ann.submit("/accounts/office/remove", "/accounts/office/remove", &[]).await;
    assert_eq!(done.location(), "/accounts?done=account-removed");
    assert!(world.access.account_list("ann").await.unwrap().is_empty());
    let again = ann.submit("/accounts", "/accounts/office/remove", &[]).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_mailbox_called_new_has_its_own_page() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    add(&world, "ann", "new").await;
    assert!(ann.get("/accounts").await.says("href=\"/accounts/%6eew\""));
    let page = ann.get("/accounts/%6eew").await;
    assert!(page.says("ann@example.org") && page.says("action=\"/accounts/%6eew\""), "{}", page.html);
}

#[tokio::test]
async fn who_tries_servers_all_the_time_has_to_wait() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    let fields = [("address", "ann@example.org"), ("password", "guess"), ("imap_host", "127.0.0.1")];
    let fields = [&fields[..], &[("reads_only", "yes")]].concat();
    for _ in 0..60 {
        let page = ann.submit("/accounts/new", "/accounts/new", &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let page = ann.submit("/accounts/new", "/accounts/new", &fields).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(page.headers.get("retry-after").is_some_and(|wait| *wait != HeaderValue::from_static("0")));
    ann.headers.insert("hx-request", HeaderValue::from_static("true"));
    let part = ann.submit("/accounts/new", "/accounts/new", &fields).await;
    assert!(!part.says("<main"), "{}", part.html);
    ann.headers.insert("hx-boosted", HeaderValue::from_static("true"));
    let whole = ann.submit("/accounts/new", "/accounts/new", &fields).await;
    assert!(whole.says("id=\"content\""), "what a script puts in the place of the page: {}", whole.html);
}
