//! Attachments as files: by a link that anybody can open who has it, and in a directory of a local process.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{Clock as _, FixedClock};
use serde_json::json;
use storage::{Database, MasterKey, Store};
use testkit::{
    Dovecot, Mail, Maildir, McpHttp, Options, maildir::Numbering, mcp_http::request, require_dovecot,
};

use crate::{
    reading::{NOW, with_environment_account},
    world::{READING, Serving, World, connect},
};

/// The message with a small file, and the one with a large one.
const SMALL: &str = "home/@inbox:1@s44we8";
const LARGE: &str = "home/@inbox:2@s44we8";

/// The small file.
const OCTETS: &[u8] = b"%PDF-1.7 octets\0\xff of a file\r\n";
const ENCODED: &str = "JVBERi0xLjcgb2N0ZXRzAP8gb2YgYSBmaWxlDQo=";

/// More than what all buffers between a server and a client that does not read take together.
const LARGE_LINES: usize = 400_000;
const LINE: &str = "One line of a text that is as long as lines of texts should be, and no more\r\n";

fn message(part: &str) -> Mail {
    let head = "From: Bob <bob@example.org>\r\nTo: alice@example.org\r\nSubject: Files\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/plain\r\n\r\nHello\r\n--m\r\n";
    Mail::new(format!("{head}{part}\r\n--m--\r\n"), NOW)
}

/// A Dovecot whose alice has both messages, and a world that reaches it.
fn alice() -> Option<(Dovecot, World)> {
    let dovecot = require_dovecot(Options::default())?;
    let small = "Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\
        Content-Disposition: attachment; filename*=UTF-8''..%2FM%C3%A4rz.pdf\r\n\r\n";
    let large = "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=\"large.txt\"\r\n\r\n";
    let large = [large, &LINE.repeat(LARGE_LINES)].concat();
    let mails = [message(&format!("{small}{ENCODED}")), message(&large)];
    Maildir::of(&dovecot, "alice").unwrap().fill("INBOX", Numbering::default(), mails).unwrap();
    let world = World::reaching(&dovecot);
    world.add_user("alice");
    assert_eq!(world.add_account(&dovecot).status, 0);
    Some((dovecot, world))
}

/// The path of a link that the agent is given.
fn path_of(client: &mut McpHttp, serving: &Serving, id: &str) -> String {
    let answer = client.call("mail_attachment", &json!({ "id": id, "index": 1, "as": "link" })).unwrap();
    assert!(!answer.is_error(), "{answer:?}");
    let url = answer.structured()["url"].as_str().unwrap().to_owned();
    let begin = format!("http://localhost:{}", serving.port);
    url.strip_prefix(&begin).unwrap_or_else(|| panic!("{url} is elsewhere")).to_owned()
}

fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} does not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_link_gives_the_file_as_it_was_sent_without_any_bearer() {
    let Some((_dovecot, world)) = alice() else { return };
    let serving = world.serve();
    let mut client = McpHttp::connect(serving.port, &world.new_token("agent", READING)).unwrap();
    let answer = client.call("mail_attachment", &json!({ "id": SMALL, "index": 1, "as": "link" })).unwrap();
    let told = answer.structured();
    assert_eq!((&told["type"], &told["size"]), (&json!("application/pdf"), &json!(OCTETS.len())), "{told}");
    assert!(told["expires"].as_str().unwrap().ends_with('Z') && told.get("path").is_none(), "{told}");

    let path = path_of(&mut client, &serving, SMALL);
    let file = request(serving.port, "GET", &path, &[], "").unwrap();
    assert_eq!((file.status, file.octets.as_slice()), (200, OCTETS));
    assert_eq!(file.header("content-type"), "application/pdf");
    assert!(file.header("content-disposition").starts_with("attachment; filename=\"M_rz.pdf\""), "{file:?}");
    assert!(file.header("content-security-policy").starts_with("sandbox;"), "{file:?}");
    assert_eq!(file.header("cache-control"), "private, no-store");
    let length = OCTETS.len().to_string();
    let head = request(serving.port, "HEAD", &path, &[], "").unwrap();
    assert_eq!((head.status, head.header("content-length"), head.body.as_str()), (200, length.as_str(), ""));
    let part = request(serving.port, "GET", &path, &[("Range", "bytes=5-14")], "").unwrap();
    assert_eq!((part.status, part.octets.as_slice()), (206, &OCTETS[5..15]));

    let large = path_of(&mut client, &serving, LARGE);
    let file = request(serving.port, "GET", &large, &[], "").unwrap();
    assert!(file.body == LINE.repeat(LARGE_LINES), "{} octets came", file.octets.len());
    let last = request(serving.port, "GET", &large, &[("Range", "bytes=-6")], "").unwrap();
    assert_eq!((last.status, last.body.as_str()), (206, "more\r\n"));

    let (_, log) = serving.stop();
    assert_eq!(log.matches("tool=\"files\" outcome=\"ok\"").count(), 5, "{log}");
}

#[test]
fn a_link_ends_with_its_grant_and_opens_nothing_else() {
    let Some((_dovecot, world)) = alice() else { return };
    let serving = world.serve();
    let (one, other) = (world.new_token("one", READING), world.new_token("other", READING));
    let mut client = McpHttp::connect(serving.port, &one).unwrap();
    let path = path_of(&mut client, &serving, SMALL);
    let kept = path_of(&mut McpHttp::connect(serving.port, &other).unwrap(), &serving, SMALL);
    let status = |path: &str| request(serving.port, "GET", path, &[], "").unwrap().status;
    assert_eq!((status(&path), status(&kept)), (200, 200));
    assert_eq!(status(&format!("{path}A")), 404);
    assert_eq!(status(&path.replace("/files/", "/files/A")), 404);

    let missing = client.call("mail_attachment", &json!({ "id": SMALL, "index": 2, "as": "link" })).unwrap();
    assert!(missing.text().contains("[not_found]"), "{missing:?}");

    assert_eq!(world.run(&["token", "revoke", "one", "--user", "alice"]).status, 0);
    let gone = request(serving.port, "GET", &path, &[], "").unwrap();
    assert_eq!(gone.status, 404);
    assert!(gone.body.contains("Ask your agent for a new one"), "{gone:?}");
    assert_eq!(status(&kept), 200);
    assert_eq!(world.run(&["user", "disable", "alice"]).status, 0);
    assert_eq!(status(&kept), 404);
}

/// Begins to fetch the large file, and takes only its head.
fn begin(serving: &Serving, path: &str) -> TcpStream {
    let mut stream = connect(serving.port);
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", serving.port).unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    stream
}

fn octets_left(mut stream: TcpStream) -> usize {
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    all.len()
}

#[test]
fn a_running_download_ends_when_its_grant_is_revoked_even_if_nobody_takes_it() {
    let Some((_dovecot, world)) = alice() else { return };
    let serving = world.serve();
    let mut client = McpHttp::connect(serving.port, &world.new_token("agent", READING)).unwrap();
    let stream = begin(&serving, &path_of(&mut client, &serving, LARGE));
    assert_eq!(world.run(&["token", "revoke", "agent", "--user", "alice"]).status, 0);
    wait_for("the end of the download", || serving.log().contains("tool=\"files\" outcome=\"revoked\""));
    let left = octets_left(stream);
    assert!(left < LINE.len() * LARGE_LINES, "all of it came: {left}");
}

#[test]
fn a_stop_that_does_not_wait_ends_downloads_and_has_them_on_record() {
    let Some((_dovecot, world)) = alice() else { return };
    let serving = world.serve();
    let mut client = McpHttp::connect(serving.port, &world.new_token("agent", READING)).unwrap();
    let stream = begin(&serving, &path_of(&mut client, &serving, LARGE));
    serving.ask_to_stop();
    wait_for("the stop", || serving.log().contains("stopping"));
    assert!(!serving.log().contains("outcome=\"cancelled\""), "it may go on for a while");
    let (status, log) = serving.stop();
    assert_eq!(status, Some(0), "{log}");
    assert!(log.contains("tool=\"files\" outcome=\"cancelled\""), "{log}");
    assert!(octets_left(stream) < LINE.len() * LARGE_LINES);
}

/// A link as it was given a quarter of an hour ago.
#[tokio::main(flavor = "current_thread")]
async fn old_link(world: &World, bearer: &str) -> String {
    let random = Arc::new(testing::Digits);
    let now = FixedClock(testing::now());
    let database = Database::open_file(&world.path("data/postroom.db")).await.unwrap();
    let key = MasterKey::load(&world.path("data/master.key")).unwrap();
    let principal = {
        let store = Store::open(database.clone(), key, Arc::new(now), random.clone()).await.unwrap();
        access::Access::new(store, &access::Settings::default()).principal(bearer).await.unwrap()
    };
    let then = FixedClock(now.now() - time::Duration::minutes(15));
    let key = MasterKey::load(&world.path("data/master.key")).unwrap();
    let store = Store::open(database, key, Arc::new(then), random).await.unwrap();
    let access = access::Access::new(store, &access::Settings::default());
    let link = access.link_new(&principal, SMALL, 1).unwrap();
    access.flush().await;
    format!("/files/{}", link.token.expose())
}

mod testing {
    //! The time of day and randomness, for the one link that is older than its test.

    #[expect(clippy::disallowed_methods, reason = "the server that is tested takes it from there too")]
    pub(super) fn now() -> domain::Timestamp {
        domain::Timestamp::now_utc()
    }

    pub(super) struct Digits;

    impl domain::Random for Digits {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }
}

#[test]
fn an_old_link_says_that_it_has_expired_and_what_to_do() {
    let Some((_dovecot, world)) = alice() else { return };
    let serving = world.serve();
    let path = old_link(&world, &world.new_token("agent", READING));
    let answer = request(serving.port, "GET", &path, &[], "").unwrap();
    assert_eq!(answer.status, 410, "{answer:?}");
    assert!(answer.body.contains("expired") && answer.body.contains("agent"), "{answer:?}");
}

#[test]
fn a_local_process_writes_files_below_its_directory_and_nowhere_else() {
    let Some((dovecot, _)) = alice() else { return };
    let world = with_environment_account(&dovecot).with("POSTROOM_ACCOUNT", "home");
    let ask = json!({ "id": SMALL, "index": 1, "as": "link" });
    let refused = world.stdio(&[]).call("mail_attachment", &ask).unwrap();
    assert!(refused.text().contains("[not_supported]"), "{refused:?}");
    assert!(refused.text().contains("POSTROOM_FILES_DIR"), "{refused:?}");

    let directory = world.path("files");
    let world = world.with("POSTROOM_FILES_DIR", &directory.display().to_string());
    world.run(&["stdio"]).failed_with(1, &["POSTROOM_FILES_DIR", "directory that exists"]);
    fs::create_dir(&directory).unwrap();
    let mut client = world.stdio(&[]);
    for name in ["März.pdf", "März (2).pdf"] {
        let answer = client.call("mail_attachment", &ask).unwrap();
        let told = answer.structured();
        let path = PathBuf::from(told["path"].as_str().unwrap());
        assert_eq!(path, directory.canonicalize().unwrap().join(name));
        assert_eq!(fs::read(&path).unwrap(), OCTETS);
        assert!(told.get("url").is_none() && told.get("expires").is_none(), "{told}");
    }
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 2);
}
