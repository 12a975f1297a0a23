//! A person who takes everything with them, and has everything deleted while that is still on its way.

use std::io::{self, Read as _, Write as _};

use domain::{GrantId, Timestamp};
use storage::NewAuditRow;

use crate::{
    approvals::store,
    routes::surfer::Surfer,
    world::{PASSWORD, World, connect},
};

/// Rows of activity, and octets of each, of which the buffers between server and browser hold but a part.
const ROWS: usize = 4_000;
const OCTETS: usize = 8_000;

fn fill_activity(world: &World) {
    let at = Timestamp::from_unix_timestamp(1_790_000_000).unwrap();
    let row = NewAuditRow {
        user: "alice".to_owned(),
        grant: GrantId::from_random([1; 16]),
        client: "Claude".to_owned(),
        door: "personal".to_owned(),
        tool: "mail_read".to_owned(),
        targets: format!("[\"{}\"]", "x".repeat(OCTETS)),
        outcome: "ok".to_owned(),
        at,
        octets: Some(1),
        undo: String::new(),
    };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = store(world).await;
        for _ in 0..ROWS / 500 {
            store.append_audit(&vec![row.clone(); 500]).await.unwrap();
        }
        store.close().await;
    });
}

/// An answer that is still coming, and what came of it so far.
struct Coming {
    stream: std::net::TcpStream,
    came: Vec<u8>,
}

impl Coming {
    /// Asks for everything of alice's, and reads as far as the answer has certainly begun.
    fn export(alice: &Surfer, port: u16) -> Self {
        let mut stream = connect(port);
        let form = format!("csrf={}", alice.csrf("/settings/data"));
        let head = [
            "POST /settings/data/export HTTP/1.1\r\nConnection: close\r\nAccept: text/html\r\n",
            &format!("Host: localhost:{port}\r\nCookie: {}\r\n", alice.cookie_header()),
            &format!(
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
                form.len()
            ),
        ];
        stream.write_all([&head.concat(), form.as_str()].concat().as_bytes()).unwrap();
        let mut came = vec![0; 4_096];
        stream.read_exact(&mut came).unwrap();
        let begun = String::from_utf8_lossy(&came).to_lowercase();
        assert!(begun.starts_with("http/1.1 200") && begun.contains("transfer-encoding: chunked"), "{begun}");
        Self { stream, came }
    }

    /// Reads to the end, however that comes.
    fn rest(mut self) -> Vec<u8> {
        match self.stream.read_to_end(&mut self.came) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{error}"),
        }
        self.came
    }
}

/// Whether the answer came to the end that HTTP gives it.
fn has_ended(answer: &[u8]) -> bool {
    answer.ends_with(b"\r\n0\r\n\r\n")
}

fn says(answer: &[u8], words: &str) -> bool {
    answer.windows(words.len()).any(|some| some == words.as_bytes())
}

#[test]
fn a_download_that_a_deletion_overtakes_breaks_off_and_does_not_end_as_if_it_were_whole() {
    let world = World::new();
    world.add_user("root");
    world.add_user("alice");
    fill_activity(&world);
    let serving = world.serve();
    let alice = Surfer::signed_in(serving.port, "alice", PASSWORD);
    let whole = Coming::export(&alice, serving.port).rest();
    assert!(has_ended(&whole) && says(&whole, "\"is_whole\": true"), "{} octets", whole.len());

    let overtaken = Coming::export(&alice, serving.port);
    let csrf = alice.csrf("/settings/data/delete");
    let deleted = alice.post("/settings/data/delete", &[("csrf", &csrf), ("name", "alice")]);
    assert_eq!(
        (deleted.status, deleted.header("location")),
        (303, "/login?done=leaving"),
        "{}",
        deleted.body
    );
    let part = overtaken.rest();
    assert!(part.len() < whole.len(), "{} octets of {}", part.len(), whole.len());
    assert!(!has_ended(&part) && !says(&part, "is_whole"), "{} octets of {}", part.len(), whole.len());
    assert!(serving.log().contains("an export ended early"), "{}", serving.log());
}
