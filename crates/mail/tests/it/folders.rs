//! The list of mailboxes, with and without what servers offer for it.

use domain::{FolderArg, Role};
use mail::imap::folder::{self, Folders};

use crate::script::{Script, hello};

async fn list(capabilities: &str, rest: &str) -> Folders {
    let script = Script::play([hello(capabilities) + rest]).await;
    let mut session = script.sign_in().await.unwrap();
    let folders = folder::list(&mut session, true).await.unwrap();
    drop(session);
    script.done().await;
    folders
}

fn named<'a>(folders: &'a Folders, name: &str) -> &'a folder::Folder {
    folders.find(&FolderArg::parse(name)).unwrap_or_else(|| panic!("no {name} in {folders:?}"))
}

#[tokio::test]
async fn with_list_status_everything_is_one_flight() {
    let folders = list(
        "LIST-EXTENDED LIST-STATUS SPECIAL-USE",
        "C: {a} LIST \"\" \"*\" RETURN (SUBSCRIBED SPECIAL-USE STATUS (MESSAGES UNSEEN UIDNEXT UIDVALIDITY))\n\
         S: * LIST (\\HasNoChildren \\Subscribed) \"/\" inbox\n\
         S: * STATUS INBOX (MESSAGES 12 UNSEEN 3 UIDNEXT 40 UIDVALIDITY 7)\n\
         S: * LIST (\\Sent) \"/\" \"Gesendet &- mehr\"\n\
         S: * LIST (\\Noselect \\HasChildren) \"/\" Projekte\n\
         S: * LIST (\\NonExistent) \"/\" Weg\n\
         S: * LIST () \"/\" \"Projekte/B&APw-cher\"\n\
         S: * STATUS \"Projekte/B&APw-cher\" (MESSAGES 5 UNSEEN 0 UIDNEXT 6 UIDVALIDITY 8)\nS: {a} OK",
    )
    .await;
    let inbox = &folders.all[0];
    assert_eq!(
        (inbox.role, inbox.messages, inbox.unseen, inbox.uid_next),
        (Some(Role::Inbox), Some(12), Some(3), Some(40))
    );
    assert!(inbox.is_subscribed);
    let sent = named(&folders, "@sent");
    assert_eq!((sent.name.as_str(), &sent.wire_name[..]), ("Gesendet & mehr", &b"Gesendet &- mehr"[..]));
    assert!(!named(&folders, "Projekte").is_selectable && !named(&folders, "Weg").is_selectable);
    assert_eq!(named(&folders, "Projekte/Bücher").messages, Some(5));
    assert!(!named(&folders, "Projekte/Bücher").is_subscribed);
}

#[tokio::test]
async fn without_extensions_lsub_and_status_are_asked_in_two_flights() {
    let rest = "C: {a} LIST \"\" \"*\"\nC: {b} LSUB \"\" \"*\"\n\
         S: * LIST () \".\" INBOX\nS: * LIST (\\Noselect) \".\" INBOX.Dir\nS: * LIST () \".\" INBOX.Sent\nS: * LIST () \".\" INBOX.Secret\nS: {a} OK\n\
         S: * LSUB () \".\" inbox\nS: * LSUB () \".\" INBOX.Sent\nS: {b} OK\n\
         C: {c} STATUS INBOX (…)\nC: {d} STATUS INBOX.Sent (…)\nC: {e} STATUS INBOX.Secret (…)\n\
         S: * STATUS INBOX.Sent (MESSAGES 2 UNSEEN 0 UIDNEXT 3 UIDVALIDITY 1)\nS: {d} OK\nS: {e} NO [NOPERM] no\n\
         S: * STATUS INBOX (MESSAGES 1 UNSEEN 1 UIDNEXT 2 UIDVALIDITY 1)\nS: {c} OK";
    let namespace = "C: {n} NAMESPACE\nS: * NAMESPACE ((\"INBOX.\" \".\")) NIL NIL\nS: {n} OK\n";
    let folders = list("NAMESPACE", &(namespace.to_owned() + rest)).await;
    assert_eq!(folders.prefix, "INBOX/");
    assert_eq!(named(&folders, "INBOX").unseen, Some(1));
    let sent = named(&folders, "Sent");
    assert_eq!((sent.role, sent.messages, sent.is_subscribed), (Some(Role::Sent), Some(2), true));
    let secret = named(&folders, "INBOX/Secret");
    assert_eq!((secret.messages, secret.is_subscribed), (None, false));
    assert!(!named(&folders, "Dir").is_selectable);
}

#[tokio::test]
async fn a_server_without_lsub_lists_all_the_same() {
    let folders = list(
        "",
        "C: {a} LIST \"\" \"*\"\nC: {b} LSUB \"\" \"*\"\nS: * LIST () NIL INBOX\nS: {a} OK\nS: {b} BAD gone since RFC 9051\n\
         C: {c} STATUS INBOX (…)\nS: * STATUS INBOX (MESSAGES 1 UNSEEN 1)\nS: {c} OK",
    )
    .await;
    assert_eq!(folders.all.len(), 1);
}

#[tokio::test]
async fn with_utf8_accepted_an_ampersand_is_an_ampersand() {
    let folders = list(
        "ENABLE UTF8=ACCEPT LIST-EXTENDED LIST-STATUS",
        "C: {e} ENABLE UTF8=ACCEPT\nS: * ENABLED UTF8=ACCEPT\nS: {e} OK\nC: {a} LIST …\n\
         S: * LIST () \"/\" \"Bücher\"\nS: * LIST () \"/\" \"R&APw-D\"\nS: {a} OK",
    )
    .await;
    assert_eq!(folders.all.iter().map(|f| f.name.to_string()).collect::<Vec<_>>(), ["Bücher", "R&APw-D"]);
}

#[tokio::test]
async fn a_connection_lost_while_counting_is_an_error_not_a_list_without_counts() {
    let transcript = hello("")
        + "C: {a} LIST \"\" \"*\"\nC: {b} LSUB \"\" \"*\"\nS: * LIST () NIL INBOX\nS: {a} OK\nS: {b} OK\nC: {c} STATUS INBOX (…)\ncut";
    let script = Script::play([transcript]).await;
    let mut session = script.sign_in().await.unwrap();
    assert!(folder::list(&mut session, true).await.unwrap_err().is_connection_lost());
}

#[tokio::test]
async fn many_thousand_folders_are_listed_quickly() {
    use std::fmt::Write as _;
    let mut rest = String::from("C: {a} LIST …\n");
    for n in 0..20_000 {
        let _ = write!(rest, "S: * LIST () \"/\" f{n}\nS: * STATUS f{n} (MESSAGES {n} UNSEEN 0)\n");
    }
    let started = std::time::Instant::now();
    let folders = list("LIST-EXTENDED LIST-STATUS", &(rest + "S: {a} OK")).await;
    assert_eq!(named(&folders, "f19999").messages, Some(19_999));
    assert!(started.elapsed().as_secs() < 20, "took {:?}", started.elapsed());
}
