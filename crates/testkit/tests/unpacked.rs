//! Cyrus and Courier as tests get them: they start, take mail, and leave nothing behind.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{fs, path::Path};

use testkit::{Mail, OtherClient, maildir::encode_name, require_courier, require_cyrus};

/// Files a message, finds it again, and gives the lines of the answer.
fn file_and_find(port: u16, folder: &str) -> String {
    let mut client = OtherClient::sign_in_at(port, "alice", "alice-secret").unwrap();
    let folder = encode_name(folder);
    client.run(&format!("CREATE \"{folder}\"")).unwrap();
    let mut mail = Mail::new("Subject: filed\r\n\r\ntext\r\n", 1_793_527_200).flags("SF");
    mail.keywords.push("Later".into());
    client.append(&folder, &mail).unwrap();
    client.run(&format!("EXAMINE \"{folder}\"")).unwrap();
    client.run("UID FETCH 1:* (FLAGS INTERNALDATE BODY.PEEK[HEADER.FIELDS (SUBJECT)])").unwrap().join("\n")
}

fn assert_is_filed(answer: &str) {
    for part in ["\\Seen", "\\Flagged", "Later", "Nov-2026 10:00:00 +0000", "Subject: filed"] {
        assert!(answer.contains(part), "{part} in {answer}");
    }
}

#[test]
fn cyrus_keeps_what_is_filed_and_refuses_a_wrong_password() {
    let Some(cyrus) = require_cyrus() else { return };
    assert_is_filed(&file_and_find(cyrus.port(), "Küche"));
    assert!(OtherClient::sign_in_at(cyrus.port(), "alice", "wrong").is_err());
}

#[test]
fn courier_keeps_what_is_filed_and_refuses_a_wrong_password() {
    let Some(courier) = require_courier() else { return };
    assert_is_filed(&file_and_find(courier.port(), "INBOX.Küche"));
    assert!(OtherClient::sign_in_at(courier.port(), "alice", "wrong").is_err());
}

#[test]
fn a_server_that_was_dropped_leaves_no_directory_and_no_process() {
    let (Some(cyrus), Some(courier)) = (require_cyrus(), require_courier()) else { return };
    let _signed_in = OtherClient::sign_in_at(courier.port(), "alice", "alice-secret").unwrap();
    let directories = [cyrus.directory().to_owned(), courier.directory().to_owned()];
    assert!(directories.iter().all(|directory| !processes_mentioning(directory).is_empty()));
    drop((cyrus, courier));
    for directory in directories {
        assert!(!directory.exists(), "{}", directory.display());
        assert_eq!(processes_mentioning(&directory), Vec::<String>::new());
    }
}

fn processes_mentioning(directory: &Path) -> Vec<String> {
    let needle = directory.file_name().unwrap().to_string_lossy().into_owned();
    let commands = fs::read_dir("/proc").unwrap().flatten();
    commands
        .filter_map(|entry| fs::read_to_string(entry.path().join("cmdline")).ok())
        .filter(|command| command.contains(&needle))
        .collect()
}
