//! A person takes everything with them and has everything deleted, in a browser, on a small screen.

use std::{fs, thread::sleep, time::Duration};

use serde_json::{Value, json};
use testkit::{McpHttp, require_browser};

use super::world::Pages;
use crate::{
    reading::sample_dovecot,
    world::{MAIL_PASSWORD, PASSWORD, READING},
};

#[test]
fn a_person_downloads_everything_deletes_everything_and_nothing_of_theirs_is_left() {
    for has_javascript in [true, false] {
        let (Some(browser), Some(dovecot)) = (require_browser(), sample_dovecot()) else { return };
        let pages = Pages::with_mailbox(&dovecot, browser);
        let bearer = pages.world.new_token("Helpful marmot", READING);
        let mut agent = McpHttp::connect(pages.serving.port, &bearer).unwrap();
        agent.call("mail_folders", &json!({})).unwrap();
        let wanted = json!({
            "origin": pages.origin(),
            "user": "alice",
            "password": PASSWORD,
            "has_javascript": has_javascript,
        });
        let went = pages.browser.run("privacy", &wanted);
        let went = went.unwrap_or_else(|error| panic!("{error}\n{}", pages.serving.log()));
        assert_eq!(went["faults"], json!([]), "{went}");
        assert_eq!(went["chosen"], "90");
        assert_eq!(went["refused"], "That was not your name. Nothing was deleted.");
        assert!(went["said"].as_str().unwrap().contains("being deleted now"), "{went}");
        assert_eq!(went["ended"], "/login");

        let text = went["file"]["text"].as_str().unwrap();
        assert!(went["file"]["name"].as_str().unwrap().starts_with("postroom-alice-"), "{went}");
        let file: Value = serde_json::from_str(text).unwrap();
        assert_eq!((&file["is_whole"], &file["wishes"]["activity_days"]), (&json!(true), &json!(90)));
        assert_eq!(file["mailboxes"][0]["settings"]["address"], "alice@example.org");
        assert_eq!(file["agents"][0]["label"], "Helpful marmot");
        let tools: Vec<&Value> =
            file["activity"].as_array().unwrap().iter().map(|row| &row["tool"]).collect();
        assert!(tools.contains(&&json!("mail_folders")), "{tools:?}");
        for secret in [MAIL_PASSWORD, PASSWORD, bearer.as_str(), "$argon2"] {
            assert!(!text.contains(secret), "{secret}");
        }

        assert!(agent.call("mail_folders", &json!({})).is_err(), "her agent is shut out at once");
        wait_until_gone(&pages);
        let data = pages.world.path("data");
        for file in fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()) {
            let Ok(octets) = fs::read(&file) else { continue };
            for word in ["alice", "marmot"] {
                let is_there =
                    octets.windows(word.len()).any(|some| some.eq_ignore_ascii_case(word.as_bytes()));
                assert!(!is_there, "{word} is still in {}", file.display());
            }
        }
    }
}

/// The server removes what is left within seconds.
fn wait_until_gone(pages: &Pages) {
    for _ in 0..150 {
        if pages.world.run(&["user", "list", "--json"]).json() == json!([]) {
            // what the file still held is overwritten behind the removal
            sleep(Duration::from_millis(500));
            return;
        }
        sleep(Duration::from_millis(200));
    }
    panic!("she is still there: {}", pages.serving.log());
}
