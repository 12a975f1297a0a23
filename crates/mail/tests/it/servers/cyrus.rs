//! Cyrus 3.6 of Debian 12, as it answered. The engine's tests run on the real one besides.

use domain::{FolderArg, Role};

use super::{folders, session};

const SIGNED_IN: &str = "S: * OK [CAPABILITY IMAP4rev1 LITERAL+ ID ENABLE AUTH=PLAIN SASL-IR] localhost Cyrus IMAP \
    3.6.1-Debian-3.6.1-4+deb12u5 server ready\nC: {l} AUTHENTICATE PLAIN AGFubgBzZXNhbWU=\n\
    S: {l} OK [CAPABILITY IMAP4rev1 LITERAL+ ID ENABLE ACL ANNOTATE-EXPERIMENT-1 BINARY CATENATE CHILDREN CONDSTORE CREATE-SPECIAL-USE \
    ESEARCH ESORT LIST-EXTENDED LIST-MYRIGHTS LIST-STATUS MAILBOX-REFERRALS METADATA MOVE MULTIAPPEND NAMESPACE OBJECTID PREVIEW QRESYNC \
    QUOTA RIGHTS=kxten SAVEDATE SEARCH=FUZZY SORT SORT=DISPLAY SPECIAL-USE STATUS=SIZE THREAD=ORDEREDSUBJECT THREAD=REFERENCES UIDPLUS \
    UNSELECT URLAUTH URLAUTH=BINARY WITHIN DIGEST=SHA1 LIST-METADATA NO_ATOMIC_RENAME SCAN SORT=MODSEQ SORT=UID THREAD=REFS \
    X-CREATEDMODSEQ X-REPLICATION X-SIEVE-MAILBOX XLIST XMOVE LOGINDISABLED COMPRESS=DEFLATE X-QUOTA=STORAGE X-QUOTA=MESSAGE \
    X-QUOTA=X-ANNOTATION-STORAGE X-QUOTA=X-NUM-FOLDERS IDLE APPENDLIMIT=4294967295] User logged in SESSIONID=<localhost-1-2-3-4>\n\
    C: {i} ID …\nC: {n} NAMESPACE\nS: * ID (\"name\" \"Cyrus IMAPD\" \"version\" \"3.6.1\" \"vendor\" \"Project Cyrus\")\nS: {i} OK Completed\n\
    S: * NAMESPACE ((\"\" \"/\")) ((\"Other Users/\" \"/\")) ((\"Shared Folders/\" \"/\"))\nS: {n} OK Completed\n";

#[tokio::test]
async fn special_uses_are_understood_in_lower_case_and_login_stays_disabled_without_harm() {
    let folders = folders(
        SIGNED_IN.to_owned()
            + "C: {a} LIST \"\" \"*\" RETURN (SUBSCRIBED SPECIAL-USE STATUS (…))\n\
         S: * LIST (\\HasNoChildren) \"/\" INBOX\nS: * STATUS INBOX (MESSAGES 3 UNSEEN 2 UIDNEXT 4 UIDVALIDITY 1795245203)\n\
         S: * LIST (\\HasNoChildren) \"/\" &2D3eAA-\nS: * STATUS &2D3eAA- (MESSAGES 1 UNSEEN 0 UIDNEXT 2 UIDVALIDITY 9)\n\
         S: * LIST (\\HasNoChildren \\archive) \"/\" Archive\nS: * LIST (\\HasNoChildren \\drafts) \"/\" Drafts\n\
         S: * LIST (\\HasNoChildren) \"/\" K&APw-che\nS: * LIST (\\HasNoChildren \\sent) \"/\" Sent\n\
         S: * LIST (\\HasNoChildren \\junk) \"/\" Spam\nS: * LIST (\\HasNoChildren \\trash) \"/\" Trash\n\
         S: {a} OK Completed (0.001 secs 10 calls)",
    )
    .await;
    for (role, name) in [
        (Role::Archive, "Archive"),
        (Role::Drafts, "Drafts"),
        (Role::Sent, "Sent"),
        (Role::Junk, "Spam"),
        (Role::Trash, "Trash"),
    ] {
        assert_eq!(folders.find(&FolderArg::Role(role)).unwrap().name.as_str(), name);
    }
    assert_eq!(folders.find(&FolderArg::parse("\u{1f600}")).unwrap().messages, Some(1));
    assert!(folders.find(&FolderArg::parse("Küche")).is_some());
}

#[tokio::test]
async fn a_mailbox_opens_with_its_object_id_and_other_codes_of_its_own() {
    let rest = "C: {a} EXAMINE INBOX\nS: * 3 EXISTS\nS: * 3 RECENT\nS: * FLAGS (\\Answered \\Flagged \\Draft \\Deleted \\Seen)\n\
        S: * OK [PERMANENTFLAGS ()] Ok\nS: * OK [UNSEEN 1] Ok\nS: * OK [UIDVALIDITY 1795245203] Ok\nS: * OK [UIDNEXT 4] Ok\n\
        S: * OK [HIGHESTMODSEQ 4] Ok\nS: * OK [MAILBOXID (0yc1n0ixlp79jnb679cdhzkn)] Ok\nS: * OK [URLMECH INTERNAL] Ok\n\
        S: * OK [ANNOTATIONS 65536] Ok\nS: {a} OK [READ-ONLY] Completed";
    let (script, mut session) = session(SIGNED_IN.to_owned() + rest).await;
    assert!(session.quirks().keeps_login_disabled && session.quirks().refuses_special_characters);
    let (selected, _) = session.examine(b"INBOX", Vec::new()).await.unwrap();
    assert_eq!(
        (selected.validity, selected.uid_next, selected.highest_modseq),
        (1_795_245_203, Some(4), Some(4))
    );
    drop(session);
    script.done().await;
}
