//! Gmail, which tests cannot have: what goes over the wire where folders are labels.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use domain::{Limits, Principal};
use engine::{
    Engine,
    delete::DeleteRequest,
    organize::{Action, OrganizeRequest, Organized},
};

use super::{deletion, deletion_confirmed, these, to};
use crate::world::{credentials, new_engine, principal_with, settings_at};

const CAPABILITIES: &str = "IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 UIDPLUS \
     ENABLE MOVE CONDSTORE ESEARCH LIST-EXTENDED LIST-STATUS LITERAL- SPECIAL-USE";

const FOLDERS: &[(&str, &str)] = &[
    ("\\HasNoChildren", "INBOX"),
    ("\\HasNoChildren", "Bills"),
    ("\\HasChildren \\Noselect", "[Gmail]"),
    ("\\All \\HasNoChildren", "[Gmail]/All Mail"),
    ("\\HasNoChildren \\Trash", "[Gmail]/Bin"),
    ("\\HasNoChildren \\Junk", "[Gmail]/Spam"),
    ("\\HasNoChildren \\Sent", "[Gmail]/Sent Mail"),
    ("\\Flagged \\HasNoChildren", "[Gmail]/Starred"),
    ("\\HasNoChildren \\Important", "[Gmail]/Important"),
];

struct Gmail {
    engine: Engine,
    principal: Principal,
    said: Arc<Mutex<Vec<String>>>,
}

/// One message of UID 7 in every folder, with these labels.
fn serve(stream: TcpStream, said: &Mutex<Vec<String>>, labels: &Mutex<BTreeSet<String>>) -> Option<()> {
    let mut out = stream.try_clone().ok()?;
    out.write_all(b"* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] Gimap ready\r\n").ok()?;
    for line in BufReader::new(stream).lines() {
        let line = line.ok()?;
        let (tag, command) = line.split_once(' ')?;
        said.lock().unwrap().push(command.to_owned());
        let mut answer = String::new();
        let mut code = String::new();
        if command.starts_with("AUTHENTICATE") {
            code = format!("[CAPABILITY {CAPABILITIES}] ");
        } else if command.starts_with("LIST") {
            for (attributes, name) in FOLDERS {
                let _ = write!(answer, "* LIST ({attributes}) \"/\" \"{name}\"\r\n");
            }
        } else if command.starts_with("SELECT") || command.starts_with("EXAMINE") {
            answer += "* FLAGS (\\Seen)\r\n* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Draft \\Deleted \\Seen \\*)] x\r\n\
                 * 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 8] x\r\n* OK [HIGHESTMODSEQ 5] x\r\n";
            code += "[READ-WRITE] ";
        } else if command.starts_with("UID FETCH") {
            let quoted = |label: &String| format!("\"{}\"", label.replace('\\', "\\\\"));
            let labels: Vec<String> = labels.lock().unwrap().iter().map(quoted).collect();
            let _ = write!(
                answer,
                "* 1 FETCH (UID 7 FLAGS () INTERNALDATE \" 1-Nov-2026 10:00:00 +0000\" RFC822.SIZE 100 \
                 X-GM-LABELS ({}) MODSEQ (5) BODY[HEADER.FIELDS (MESSAGE-ID)] {{25}}\r\n\
                 Message-ID: <a@x.org>\r\n\r\n)\r\n",
                labels.join(" ")
            );
        } else if command.starts_with("UID MOVE") || command.starts_with("UID COPY") {
            code += "[COPYUID 7 7 70] ";
        }
        if command.starts_with("UID COPY") && command.contains("Bills") {
            labels.lock().unwrap().insert("Bills".to_owned());
        }
        if command.contains("-X-GM-LABELS") {
            labels.lock().unwrap().retain(|label| !command.contains(label));
        }
        let _ = write!(answer, "{tag} OK {code}done\r\n");
        out.write_all(answer.as_bytes()).ok()?;
    }
    None
}

impl Gmail {
    fn start() -> Self {
        Self::labelled(&["\\Inbox"])
    }

    fn labelled(labels: &[&str]) -> Self {
        let labels: BTreeSet<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        let labels = Arc::new(Mutex::new(labels));
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let said = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&said);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (said, labels) = (Arc::clone(&shared), Arc::clone(&labels));
                std::thread::spawn(move || serve(stream, &said, &labels));
            }
        });
        let settings = settings_at("127.0.0.1", port);
        let principal = principal_with(settings, credentials("secret"), Limits::default());
        Self { engine: new_engine(), principal, said }
    }

    /// What changed something of what was said.
    fn changes(&self) -> Vec<String> {
        let said = std::mem::take(&mut *self.said.lock().unwrap());
        let changes = |command: &String| {
            ["STORE", "MOVE", "COPY", "EXPUNGE", "CREATE"].iter().any(|word| command.contains(word))
        };
        said.into_iter().filter(changes).collect()
    }

    async fn organize(&self, request: OrganizeRequest) -> Organized {
        self.engine.organize(&self.principal, request, &|_, _| {}).await.unwrap()
    }

    async fn delete(&self, request: DeleteRequest) -> Organized {
        self.engine.delete(&self.principal, request, &|_, _| {}).await.unwrap()
    }
}

/// The message of that folder.
fn in_folder(folder: &str) -> [String; 1] {
    [format!("work/{folder}:7@7")]
}

#[tokio::test]
async fn folders_are_labels_and_what_is_done_to_them_is_what_gmail_means() {
    let cases: [(OrganizeRequest, &[&str], Option<&str>); 15] = [
        (these(Action::Archive, &in_folder("@inbox")), &["UID MOVE 7 \"[Gmail]/All Mail\""], Some("@all")),
        (these(Action::Archive, &in_folder("@all")), &["UID STORE 7 -X-GM-LABELS (\"\\Inbox\")"], None),
        (these(Action::Archive, &in_folder("Bills")), &["UID STORE 7 -X-GM-LABELS (\"\\Inbox\")"], None),
        (these(Action::Trash, &in_folder("@inbox")), &["UID MOVE 7 \"[Gmail]/Bin\""], Some("@trash")),
        (these(Action::Trash, &in_folder("@all")), &["UID MOVE 7 \"[Gmail]/Bin\""], Some("@trash")),
        (these(Action::Trash, &in_folder("@trash")), &[], None),
        (these(Action::Junk, &in_folder("@inbox")), &["UID MOVE 7 \"[Gmail]/Spam\""], Some("@junk")),
        (these(Action::NotJunk, &in_folder("@junk")), &["UID MOVE 7 \"INBOX\""], Some("@inbox")),
        (to(these(Action::Move, &in_folder("@inbox")), "Bills"), &["UID MOVE 7 \"Bills\""], Some("Bills")),
        (to(these(Action::Copy, &in_folder("@inbox")), "Bills"), &["UID COPY 7 \"Bills\""], Some("Bills")),
        (
            to(these(Action::Move, &in_folder("@all")), "Bills"),
            &["UID STORE 7 +X-GM-LABELS (\"Bills\")", "UID STORE 7 -X-GM-LABELS (\"\\Inbox\")"],
            None,
        ),
        (
            to(these(Action::Copy, &in_folder("@all")), "Bills"),
            &["UID STORE 7 +X-GM-LABELS (\"Bills\")"],
            None,
        ),
        (
            to(these(Action::Move, &in_folder("@all")), "inbox"),
            &["UID STORE 7 +X-GM-LABELS (\"\\Inbox\")"],
            None,
        ),
        (
            OrganizeRequest {
                keywords: vec!["later".into()],
                ..these(Action::AddKeyword, &in_folder("@inbox"))
            },
            &["UID STORE 7 +X-GM-LABELS (\"later\")"],
            None,
        ),
        (these(Action::Star, &in_folder("@inbox")), &["UID STORE 7 +FLAGS (\\Flagged)"], None),
    ];
    for (request, wanted, new_folder) in cases {
        // Each of its own, else what was moved before would be followed.
        let gmail = Gmail::start();
        let done = gmail.organize(request.clone()).await;
        assert_eq!((done.done_count, done.failed_count), (1, 0), "{request:?}: {done:?}");
        let said = gmail.changes();
        let plain = |command: &String| command.replace(".SILENT", "").replace('"', "");
        let wanted: Vec<String> = wanted.iter().map(|command| command.replace('"', "")).collect();
        assert_eq!(said.iter().map(plain).collect::<Vec<_>>(), wanted, "{request:?}");
        let new_id = done.done[0].new_id.as_ref().map(ToString::to_string);
        assert_eq!(new_id, new_folder.map(|folder| format!("work/{folder}:70@7")), "{request:?}");
    }
}

#[tokio::test]
async fn what_gmail_fills_itself_takes_no_messages() {
    let gmail = Gmail::start();
    for (from, target) in
        [("@inbox", "@sent"), ("@inbox", "@flagged"), ("@all", "[Gmail]/Important"), ("@inbox", "@drafts")]
    {
        let request = to(these(Action::Move, &in_folder(from)), target);
        let refused = gmail.engine.organize(&gmail.principal, request, &|_, _| {}).await;
        assert!(refused.is_err(), "{target}: {refused:?}");
    }
    assert_eq!(gmail.changes(), [] as [&str; 0]);
}

#[tokio::test]
async fn deleting_goes_through_the_trash_and_ends_there() {
    let gmail = Gmail::start();
    let planned = gmail.delete(deletion(&in_folder("@inbox"))).await;
    assert_eq!(planned.plan.as_ref().unwrap().count, 1);
    assert_eq!(gmail.changes(), [] as [&str; 0]);
    let done = gmail.delete(deletion_confirmed(&planned)).await;
    let said: Vec<String> = gmail.changes().iter().map(|command| command.replace(['"'], "")).collect();
    assert_eq!(
        said,
        ["UID MOVE 7 [Gmail]/Bin", "UID STORE 70 +FLAGS.SILENT (\\Deleted)", "UID EXPUNGE 70"],
        "where the server said that it is in the trash"
    );
    assert_eq!((done.done_count, done.failed_count), (1, 0), "{done:?}");
}

#[tokio::test]
async fn a_copy_is_taken_back_by_its_label_and_only_where_it_is_new() {
    for (labels, wanted) in
        [(&["\\Inbox"][..], &["UID STORE 7 -X-GM-LABELS (Bills)"][..]), (&["\\Inbox", "bills"], &[])]
    {
        let gmail = Gmail::labelled(labels);
        let done = gmail.organize(to(these(Action::Copy, &in_folder("@inbox")), "Bills")).await;
        gmail.changes();
        let undo = done.undo.unwrap().to_string();
        let undone = gmail.engine.undo(&gmail.principal, &undo, &|_, _| {}).await.unwrap();
        assert_eq!((undone.undone, undone.failed_count), (1, 0), "{undone:?}");
        let plain = |command: &String| command.replace(".SILENT", "").replace('"', "");
        assert_eq!(gmail.changes().iter().map(plain).collect::<Vec<_>>(), wanted, "{labels:?}");
    }
}

#[tokio::test]
async fn what_was_moved_to_the_bin_comes_back_and_what_was_archived_too() {
    for (action, back) in [(Action::Trash, "UID MOVE 70 INBOX"), (Action::Archive, "UID MOVE 70 INBOX")] {
        let gmail = Gmail::start();
        let done = gmail.organize(these(action, &in_folder("@inbox"))).await;
        gmail.changes();
        let undo = done.undo.unwrap().to_string();
        let undone = gmail.engine.undo(&gmail.principal, &undo, &|_, _| {}).await.unwrap();
        let plain = |command: &String| command.replace('"', "");
        assert_eq!(gmail.changes().iter().map(plain).collect::<Vec<_>>(), [back], "{undone:?}");
    }
}
