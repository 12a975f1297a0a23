//! The files of a message that waits, as their person gets them from its page.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use testkit::McpHttp;

use crate::{
    routes::surfer::Surfer,
    sending::{dovecot, hosted, token},
    world::PASSWORD,
};

/// Files that one who reads them as text, as lines or as mail would change.
fn files() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let octets: Vec<u8> = (0..=u8::MAX).cycle().take(70_001).collect();
    vec![
        ("every.bin", "application/octet-stream", octets),
        ("lines.txt", "text/plain", b"one\ntwo\rthree\r\n.\r\n..\r\nFrom here \t \r\n--b\n\n".to_vec()),
        ("latin.txt", "text/plain", b"Pl\xe4ne \xff\xfe\x00".to_vec()),
        ("words.csv", "text/csv", "\u{feff}Pl\u{e4}ne;\u{1f680}\n".as_bytes().to_vec()),
        ("page.html", "text/html", b"<script>alert(1)</script>\n=3D=20=\n".to_vec()),
        ("plan.pdf", "application/pdf", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec()),
        ("one.bin", "application/octet-stream", vec![0]),
    ]
}

#[test]
fn a_file_of_a_message_that_waits_is_downloaded_octet_for_octet_as_the_agent_attached_it() {
    let Some(dovecot) = dovecot() else { return };
    let world = hosted(&dovecot);
    let bearer = token(&world, "Claude", &["--approval", "always"]);
    let serving = world.serve();
    let mut agent = McpHttp::connect(serving.port, &bearer).unwrap();
    let files = files();
    let attached: Vec<Value> = files
        .iter()
        .map(|(name, kind, octets)| json!({"name": name, "type": kind, "base64": STANDARD.encode(octets)}))
        .collect();
    let letter = json!({"to": "bob@example.org", "subject": "Files", "body": "See **these**.", "attachments": attached});
    let asked = agent.call("mail_send", &letter).unwrap();
    let id = asked.structured()["approval"]["id"].as_str().unwrap_or_else(|| panic!("{asked:?}")).to_owned();
    let alice = Surfer::signed_in(serving.port, "alice", PASSWORD);
    let page = alice.get(&format!("/approvals/{id}")).body;
    let link = format!("href=\"/approvals/{id}/files/");
    for (name, _, octets) in &files {
        let (before, _) = page.split_once(&format!("<bdi>{name}</bdi>")).unwrap_or_else(|| panic!("{page}"));
        let number = before.rsplit_once(&link).unwrap().1.split('"').next().unwrap();
        let file = alice.get(&format!("/approvals/{id}/files/{number}"));
        assert_eq!(file.status, 200, "{name}: {}", file.body);
        assert_eq!(&file.octets, octets, "{name}");
        let named = format!("filename=\"{name}\"");
        assert!(file.header("content-disposition").contains(&named), "{name}: {:?}", file.headers);
        assert_eq!(file.header("content-length"), octets.len().to_string(), "{name}");
    }
}
