//! Dovecot 2.3 of Debian 12, as it answered; what the real one does is in the `dovecot` tests.

use mail::imap::command::search::{Order, Shape};

use super::session;

const SIGNED_IN: &str = "S: * OK [CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ STARTTLS AUTH=PLAIN AUTH=LOGIN \
    AUTH=SCRAM-SHA-256] Dovecot (Debian) ready.\n";
const AFTER: &str = "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT SORT=DISPLAY THREAD=REFERENCES THREAD=REFS \
    THREAD=ORDEREDSUBJECT MULTIAPPEND URL-PARTIAL CATENATE UNSELECT CHILDREN NAMESPACE UIDPLUS LIST-EXTENDED I18NLEVEL=1 CONDSTORE \
    QRESYNC ESEARCH ESORT SEARCHRES WITHIN CONTEXT=SEARCH LIST-STATUS BINARY MOVE SNIPPET=FUZZY PREVIEW=FUZZY PREVIEW STATUS=SIZE \
    SAVEDATE LITERAL+ NOTIFY SPECIAL-USE";

#[tokio::test]
async fn sorted_pages_count_from_the_front_and_never_from_the_end() {
    let greeting = SIGNED_IN.replace(" AUTH=SCRAM-SHA-256", "");
    let transcript = format!(
        "{greeting}C: {{l}} AUTHENTICATE PLAIN AGFubgBzZXNhbWU=\nS: {{l}} OK [CAPABILITY {AFTER}] Logged in\n\
         C: {{i}} ID …\nC: {{n}} NAMESPACE\nS: * ID (\"name\" \"Dovecot\")\nS: {{i}} OK ID completed (0.001 + 0.000 secs).\n\
         S: * NAMESPACE ((\"\" \"/\")) NIL NIL\nS: {{n}} OK Namespace completed (0.001 + 0.000 secs)."
    );
    let (script, session) = session(transcript).await;
    assert!(session.quirks().refuses_negative_partial);
    assert_eq!(Shape::choose(&session, Order::Received, 21, 40), Shape::SortedPage(21, 40));
    assert_eq!(Shape::choose(&session, Order::Filed, 1, 20), Shape::Set);
    drop(session);
    script.done().await;
}
