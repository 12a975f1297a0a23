//! Yahoo and AOL, as in <https://github.com/MailCore/mailcore2/issues/1445>; their limits are RFC 9738
//! (<https://www.rfc-editor.org/rfc/rfc9738>), and `[LIMIT]` is RFC 5530.

use domain::Code;
use mail::{
    Error,
    imap::{
        command::search::{self, Shape},
        search::Argument,
    },
};

use super::session;
use crate::script::Script;

const AFTER: &str = "IMAP4rev1 ID MOVE NAMESPACE XYMHIGHESTMODSEQ UIDPLUS LITERAL+ CHILDREN UNSELECT X-MSG-EXT UIDONLY MESSAGELIMIT=1000";
const GREETING: &str = "[CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2 AUTH=OAUTHBEARER ID MOVE NAMESPACE] IMAP4rev1 Hello";

fn signed_in() -> String {
    format!(
        "S: * OK {GREETING}\nC: {{l}} AUTHENTICATE PLAIN AGFubgBzZXNhbWU=\n\
         S: {{l}} OK AUTHENTICATE completed - Mailbox size in bytes is 342004739\n\
         C: {{d}} CAPABILITY\nS: * CAPABILITY {AFTER}\nS: {{d}} OK CAPABILITY completed\n\
         C: {{i}} ID …\nC: {{n}} NAMESPACE\n\
         S: * ID (\"vendor\" \"Yahoo! Inc.\" \"support-url\" \"http://help.yahoo.com/\" \"name\" \"Y!IMAP\")\nS: {{i}} OK ID completed\n\
         S: * NAMESPACE ((\"\" \"/\")) NIL NIL\nS: {{n}} OK NAMESPACE completed\n"
    )
}

#[tokio::test]
async fn the_limit_of_messages_is_known_from_what_the_server_says() {
    let (script, session) = session(signed_in()).await;
    assert_eq!(session.quirks().message_limit, Some(1_000));
    assert!(session.quirks().leaves_copyuid_empty);
    drop(session);
    script.done().await;
}

#[tokio::test]
async fn too_much_asked_of_it_is_told_with_the_time_to_wait_and_leaves_the_connection() {
    let rest = "C: {a} EXAMINE INBOX\nS: {a} NO [LIMIT] Rate limit hit\n\
        C: {b} EXAMINE INBOX\nS: * 7 EXISTS\nS: * OK [UIDVALIDITY 5] ok\nS: * OK [UIDNEXT 9] ok\nS: {b} OK [READ-ONLY] done";
    let (script, mut session) = session(signed_in() + rest).await;
    let error = session.examine(b"INBOX", Vec::new()).await.unwrap_err();
    assert!(error.is_busy() && !error.ends_connection());
    let problem = error.problem("work");
    assert_eq!(problem.code, Code::ServerRefused);
    assert!(problem.retry_after.is_some() && problem.hint.contains("limits this account"), "{problem:?}");
    assert_eq!(session.examine(b"INBOX", Vec::new()).await.unwrap().0.validity, 5);
    drop(session);
    script.done().await;
}

#[tokio::test]
async fn a_sign_in_refused_for_its_frequency_is_no_wrong_password() {
    let script = Script::play([format!(
        "S: * OK {GREETING}\nC: {{l}} AUTHENTICATE PLAIN …\nS: {{l}} NO [LIMIT] LOGIN Rate limit hit"
    )])
    .await;
    let error = script.sign_in().await.err().unwrap();
    assert!(error.is_busy() && !matches!(error, Error::SignInRefused { .. }), "{error:?}");
    script.done().await;
}

#[tokio::test]
async fn an_empty_copyuid_costs_nothing_else_of_the_reply() {
    let rest = "C: {a} NOOP\nS: * 3 EXISTS\nS: {a} OK [COPYUID 1 ] UID COPY completed";
    let (script, mut session) = session(signed_in() + rest).await;
    assert!(session.run_one(mail::imap::command::noop()).await.is_ok());
    assert_eq!(session.exists(), 3);
    drop(session);
    script.done().await;
}

#[tokio::test]
async fn how_far_a_search_got_is_known_where_the_limit_of_messages_ended_it() {
    let answers = [
        ("S: * SEARCH 24000 30111\nS: {a} OK [MESSAGELIMIT 1000 23221] SEARCH completed", Some(23_221)),
        ("S: * SEARCH 24000 30111\nS: * NO [MESSAGELIMIT 1000 23221] too many\nS: {a} OK done", Some(23_221)),
        // nothing of what it looked at matches, which some servers say by leaving the answer out
        ("S: {a} OK [MESSAGELIMIT 1000 23221] SEARCH completed", Some(23_221)),
        ("S: * SEARCH 24000 30111\nS: {a} OK [MESSAGELIMIT 1000] SEARCH completed", None),
        ("S: * SEARCH 24000 30111\nS: * OK [PARSE] odd\nS: {a} OK SEARCH completed", None),
    ];
    for (answer, reached) in answers {
        let rest = format!("C: {{a}} UID SEARCH UNSEEN\n{answer}");
        let (script, mut session) = session(signed_in() + &rest).await;
        let criteria = [Argument::Atom("UNSEEN".into())];
        let request = search::request(&session, &criteria, false, Shape::List, None);
        let found = search::read(&session.run_one(request).await.unwrap(), Shape::List).unwrap();
        assert_eq!(found.reached, reached, "{answer}");
        assert_eq!(found.total, if answer.contains("* SEARCH") { 2 } else { 0 });
        drop(session);
        script.done().await;
    }
}
