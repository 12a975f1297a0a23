//! Messages that wait, answered on their page, with a real mail server: what leaves, what does not, and who is let.

use std::time::Duration;

use domain::ApprovalId;
use serde_json::{Value, json};
use testkit::{Dovecot, McpHttp, mcp_http::Response};

use crate::{
    approvals::waiting,
    routes::surfer::Surfer,
    sending::{dovecot, hosted, left, token},
    world::{PASSWORD, Serving, World},
};

/// Alice in front of a browser, and an agent of hers.
struct Scene {
    dovecot: Dovecot,
    world: World,
    serving: Serving,
    alice: Surfer,
    bearer: String,
    agent: McpHttp,
}

impl Scene {
    fn new(rule: &str) -> Option<Self> {
        let dovecot = dovecot()?;
        let world = hosted(&dovecot);
        world.add_user("bob");
        let bearer = token(&world, "Claude", &["--approval", rule]);
        let serving = world.serve();
        let alice = Surfer::signed_in(serving.port, "alice", PASSWORD);
        let agent = McpHttp::connect(serving.port, &bearer).unwrap();
        Some(Self { dovecot, world, serving, alice, bearer, agent })
    }

    /// The agent asks for a letter to be sent; the page of the question, and its id.
    fn ask(&mut self, letter: &Value) -> (String, String) {
        let asked = self.agent.call("mail_send", letter).unwrap();
        assert_eq!(asked.structured()["status"], "approval_needed", "{asked:?}");
        let id = asked.structured()["approval"]["id"].as_str().unwrap().to_owned();
        (format!("/approvals/{id}"), id)
    }

    fn letter(&mut self) -> (String, String) {
        self.ask(&json!({
            "to": "Bob <bob@example.org>", "bcc": "carla@example.org", "subject": "Pl\u{e4}ne",
            "body": "Dear Bob,\n\n**here** they are.",
            "attachments": [{"name": "plan.html", "type": "text/html", "base64": "PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=="}],
        }))
    }

    fn answer(&self, path: &str, answer: &str, password: &str) -> Response {
        let csrf = self.alice.csrf("/settings");
        self.alice.post(&format!("{path}/{answer}"), &[("csrf", &csrf), ("password", password)])
    }

    fn left(&self) -> usize {
        left(&self.dovecot).len()
    }

    fn status(&mut self, id: &str) -> String {
        let told = self.agent.call("mail_send", &json!({ "approval_id": id })).unwrap();
        told.structured()["status"].as_str().unwrap_or_else(|| panic!("{told:?}")).to_owned()
    }

    fn says(&self, path: &str, words: &[&str]) -> String {
        let page = self.alice.get(path);
        assert_eq!(page.status, 200, "{}", page.body);
        for word in words {
            assert!(page.body.contains(word), "{word}: {}", page.body);
        }
        page.body
    }
}

#[test]
fn a_message_is_shown_as_it_leaves_and_leaves_when_its_person_says_yes() {
    let Some(mut scene) = Scene::new("new-recipients") else { return };
    let (path, id) = scene.letter();
    assert!(scene.says("/", &["A message waits for your yes"]).contains("class=\"tally\">1<"));
    scene.says("/approvals", &[&path, "Pl\u{e4}ne", "Claude", "bob@example.org, carla@example.org"]);
    let page = scene.says(
        &path,
        &[
            "bob@example.org",
            "\u{201c}Bob\u{201d}",
            "carla@example.org",
            "hidden from all others",
            "plan.html",
            "Your password",
        ],
    );
    assert_eq!(page.matches("new: you never wrote to them").count(), 2, "{page}");
    assert!(page.contains("**here**") || page.contains("here they are"), "{page}");

    // nothing without a proof
    for password in ["", "wrong"] {
        let refused = scene.answer(&path, "approve", password);
        assert_eq!(refused.status, 422, "{}", refused.body);
        assert!(refused.body.contains("Nothing was sent"), "{}", refused.body);
    }
    assert_eq!((scene.left(), &*scene.status(&id)), (0, "approval_needed"));

    let said = scene.answer(&path, "approve", PASSWORD);
    assert_eq!((said.status, said.header("location")), (303, &*path), "{}", said.body);
    scene.says(&path, &["You said yes, and it was sent."]);
    let received = left(&scene.dovecot);
    assert_eq!(received.len(), 1);
    let mut to = received[0].to.clone();
    to.sort();
    assert_eq!(to, ["bob@example.org", "carla@example.org"]);
    assert!(!received[0].message.contains("carla"), "{}", received[0].message);
    assert_eq!(scene.status(&id), "sent");

    // once is enough, whatever is pressed later
    for answer in ["approve", "deny"] {
        let again = scene.answer(&path, answer, PASSWORD);
        assert_eq!(again.header("location"), format!("{path}?done=answered-before"));
    }
    scene.says(
        &format!("{path}?done=answered-before"),
        &["You said yes, and it was sent.", "answered before"],
    );
    assert!(
        !scene.says("/approvals", &["Nothing waits for you", "Answered lately"]).contains("class=\"tally\"")
    );
    assert_eq!(scene.left(), 1);
}

#[test]
fn in_two_tabs_at_once_one_yes_counts_and_the_message_leaves_once() {
    let Some(mut scene) = Scene::new("new-recipients") else { return };
    let (path, id) = scene.letter();
    let locations: Vec<String> = std::thread::scope(|scope| {
        let tabs: Vec<_> = (0..4)
            .map(|_| {
                let tab = scene.alice.clone();
                let path = &path;
                scope.spawn(move || {
                    let csrf = tab.csrf("/settings");
                    let fields = [("csrf", csrf.as_str()), ("password", PASSWORD)];
                    tab.post(&format!("{path}/approve"), &fields).header("location").to_owned()
                })
            })
            .collect();
        tabs.into_iter().map(|tab| tab.join().unwrap()).collect()
    });
    assert_eq!(locations.iter().filter(|location| **location == path).count(), 1, "{locations:?}");
    assert_eq!((scene.left(), &*scene.status(&id)), (1, "sent"));
}

#[test]
fn what_is_denied_does_not_leave_and_the_agent_learns_it() {
    let Some(mut scene) = Scene::new("always") else { return };
    let (path, id) = scene.letter();
    assert_eq!(scene.answer(&path, "deny", "").header("location"), path);
    scene.says(&path, &["You said no.", "not kept any longer"]);
    assert_eq!((scene.left(), &*scene.status(&id)), (0, "denied"));
    assert_eq!(
        scene.answer(&path, "approve", PASSWORD).header("location"),
        format!("{path}?done=answered-before")
    );
    assert_eq!(scene.left(), 0);
}

#[test]
fn denied_and_paused_the_agent_is_shut_out_at_once() {
    let Some(mut scene) = Scene::new("always") else { return };
    let (path, _) = scene.letter();
    let (other, _) = scene.ask(&json!({"to": "dora@example.org", "subject": "Two", "body": "x"}));
    assert_eq!(
        scene.answer(&path, "deny-and-pause", "").header("location"),
        format!("{path}?done=agent-paused")
    );
    assert!(McpHttp::connect(scene.serving.port, &scene.bearer).is_err());
    // what else it asked for waits for the person and, after a yes, for the agent to be let go on
    assert_eq!(scene.answer(&other, "approve", PASSWORD).header("location"), other);
    scene.says(&other, &["the agent is paused", "Nothing has been sent"]);
    assert_eq!(scene.left(), 0);
}

#[test]
fn what_ended_with_its_agent_can_no_longer_be_approved() {
    let Some(mut scene) = Scene::new("new-recipients") else { return };
    let (path, _) = scene.letter();
    assert_eq!(scene.world.run(&["token", "revoke", "Claude", "--user", "alice"]).status, 0);
    let late = scene.answer(&path, "approve", PASSWORD);
    assert_eq!(late.header("location"), format!("{path}?done=answered-before"), "{}", late.body);
    scene.says(&path, &["This was taken back before it was answered.", "Nothing was sent"]);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(scene.left(), 0);
}

#[test]
fn nobody_else_sees_or_answers_it() {
    let Some(mut scene) = Scene::new("new-recipients") else { return };
    let (path, id) = scene.letter();
    let bob = Surfer::signed_in(scene.serving.port, "bob", PASSWORD);
    for part in ["", "/body", "/files/0", "/files/1"] {
        let page = bob.get(&format!("{path}{part}"));
        assert_eq!(page.status, 404, "{part}");
        assert!(!page.body.contains("carla"), "{part}: {}", page.body);
    }
    let csrf = bob.csrf("/settings");
    for answer in ["approve", "deny", "deny-and-pause"] {
        let fields = [("csrf", csrf.as_str()), ("password", PASSWORD)];
        assert_eq!(bob.post(&format!("{path}/{answer}"), &fields).status, 404, "{answer}");
        // the agent itself has no way to its page
        let bearer = format!("Bearer {}", scene.bearer);
        let headers =
            [("Authorization", bearer.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        let asked = testkit::mcp_http::request(
            scene.serving.port,
            "POST",
            &format!("{path}/{answer}"),
            &headers,
            "password=x",
        );
        assert_eq!(asked.unwrap().status, 303, "{answer}: led to the page to sign in");
    }
    assert!(!bob.get("/approvals").body.contains("carla"));
    assert_eq!((scene.left(), &*scene.status(&id)), (0, "approval_needed"));
}

#[test]
fn what_became_of_the_draft_is_told_and_the_message_leaves_as_it_was_frozen() {
    let Some(mut scene) = Scene::new("new-recipients") else { return };
    let letter = json!({"to": "bob@example.org", "subject": "Tea", "body": "First line.\n\nSecond line."});
    let drafted = scene.agent.call("mail_draft", &letter).unwrap();
    let draft = drafted.structured()["draft_id"].clone();
    let (path, _) = scene.ask(&json!({ "draft_id": draft }));
    scene.says(&path, &["The draft that it was made of is unchanged."]);
    let again = json!({"draft_id": draft, "body": "First line.\n\nSecond line."});
    assert!(!scene.agent.call("mail_draft", &again).unwrap().is_error());
    scene.says(&path, &["The draft was saved again since, with the same recipients, words and files"]);
    let other = json!({"draft_id": draft, "to": "eve@example.org", "subject": "Tea", "body": "First line.\n\nOther words."});
    let changed = scene.agent.call("mail_draft", &other).unwrap();
    assert_eq!(changed.structured()["subject"], "Tea", "{changed:?}");
    let with_file = json!({"draft_id": draft, "body": "Other words.",
        "attachments": [{"name": "bill.pdf", "type": "application/pdf", "base64": "JVBERi0xLjQK"}]});
    assert!(!scene.agent.call("mail_draft", &with_file).unwrap().is_error());
    scene.says(&path, &["The draft was changed since", "bill.pdf (application/pdf, 9 bytes)"]);
    let page = scene
        .says(&path, &["The draft was changed since", "Other words.", "eve@example.org", "Second line."]);
    assert!(page.contains("class=\"new\"") && page.contains("class=\"gone\""), "{page}");
    assert_eq!(scene.answer(&path, "approve", PASSWORD).status, 303);
    let received = left(&scene.dovecot);
    assert_eq!((received.len(), &received[0].to[..]), (1, &["bob@example.org".to_owned()][..]));
    assert!(received[0].message.contains("Second line.") && !received[0].message.contains("Other"));
}

const HOSTILE: &str = "From: alice@example.org\r\nTo: bob@example.net, carla@example.net, eve@example.net\r\n\
    Subject: Hi\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/html\r\n\r\n<p>words</p><script>alert(1)</script><img src=https://track.example/a.png>\
    <form action=https://evil.example><input name=p></form><iframe src=https://evil.example></iframe>\
    <p style=\"position:fixed;background:url(https://evil.example/x)\">styled</p><meta http-equiv=refresh content=0>\
    <a href=https://evil.example/y>bank</a>\r\n\
    --b\r\nContent-Type: image/svg+xml\r\nContent-Disposition: attachment; filename=\"a.svg\"\r\n\r\n<svg onload=alert(1)/>\r\n\
    --b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=\"a.txt\"\r\n\r\nplain\r\n--b--\r\n";

#[test]
fn hostile_html_and_files_run_nothing_load_nothing_and_stay_files() {
    let Some(scene) = Scene::new("always") else { return };
    let id: ApprovalId = waiting(&scene.world, 9, HOSTILE);
    let path = format!("/approvals/{id}");
    let page = scene.says(&path, &["<iframe class=\"mail-frame\"", "a.svg", "a.txt"]);
    assert!(page.contains(" sandbox ") && !page.contains("<script>alert"), "{page}");
    let body = scene.alice.get(&format!("{path}/body"));
    let policy = body.header("content-security-policy");
    for part in
        ["sandbox", "default-src 'none'", "img-src data:", "frame-ancestors 'self'", "form-action 'none'"]
    {
        assert!(policy.split("; ").any(|one| one == part), "{part} in {policy}");
    }
    assert!(!policy.contains("allow-"), "{policy}");
    assert_eq!(body.header("x-frame-options"), "SAMEORIGIN");
    for hostile in [
        "<script",
        "alert(1)",
        "<img",
        "<form",
        "<input",
        "<iframe",
        "position",
        "url(",
        "http-equiv",
        "href=",
    ] {
        let shown = body.body.split("<body>").nth(1).unwrap();
        assert!(!shown.contains(hostile), "{hostile}: {shown}");
    }
    assert!(body.body.contains("words") && body.body.contains("[https://evil.example/y]"), "{}", body.body);
    assert!(body.body.contains("one picture would be loaded from elsewhere"), "{}", body.body);
    for (number, kind) in
        [(1, "application/octet-stream"), (2, "text/plain"), (0, "application/octet-stream")]
    {
        let file = scene.alice.get(&format!("{path}/files/{number}"));
        assert_eq!((file.status, file.header("content-type")), (200, kind), "{number}");
        assert!(file.header("content-disposition").starts_with("attachment; "), "{number}");
        assert_eq!(file.header("x-content-type-options"), "nosniff");
        assert!(
            file.header("content-security-policy").starts_with("sandbox; default-src 'none'"),
            "{number}"
        );
    }
    assert_eq!(scene.alice.get(&format!("{path}/files/3")).status, 404);
}

#[test]
fn ten_megabytes_of_nesting_are_shown_as_text_or_told_as_too_much_and_hold_nobody_up() {
    let Some(scene) = Scene::new("always") else { return };
    let nested = "<div>".repeat((10 << 20) / 5);
    let frozen = format!(
        "From: alice@example.org\r\nTo: bob@example.net, carla@example.net, eve@example.net\r\nSubject: Deep\r\n\
        Content-Type: text/html\r\n\r\n<p>the words</p>{nested}\r\n"
    );
    let id: ApprovalId = waiting(&scene.world, 8, &frozen);
    std::thread::scope(|scope| {
        let (tab, path) = (scene.alice.clone(), format!("/approvals/{id}/body"));
        let body = scope.spawn(move || tab.get(&path));
        // others are answered meanwhile
        assert_eq!(Surfer::signed_in(scene.serving.port, "bob", PASSWORD).get("/approvals").status, 200);
        let body = body.join().unwrap();
        // how fast it is hangs on the build and the machine; what is told does not
        assert!(matches!(body.status, 200 | 504), "{}", body.status);
        assert!(body.status == 504 || body.body.contains("the words"), "{}", body.body.len());
        assert!(body.body.len() < 100_000, "{}", body.body.len());
    });
    let page = scene.alice.get(&format!("/approvals/{id}"));
    let is_told = page.body.contains("Deep") || page.body.contains("It cannot be sent.");
    assert!(page.status == 200 && is_told, "{} {}", page.status, page.body);
    assert_eq!(scene.left(), 0);
}
