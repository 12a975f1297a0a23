//! iCloud, as in <https://github.com/jstedfast/MailKit/issues/295>; that text criteria find nothing:
//! <https://github.com/mobizt/ESP-Mail-Client/issues/278>, <https://github.com/mscdex/node-imap/pull/806>; that
//! the user name may be the local part: <https://github.com/N0ury/ImapNote2/issues/12>.

use domain::{Code, Query};
use mail::{
    Error,
    imap::{
        command::search::{self, Order, Shape},
        search::{Abilities, compile},
    },
};
use time::{UtcOffset, macros::date};

use super::session;
use crate::script::Script;

const GREETING: &str = "S: * OK [CAPABILITY mr11p00im-iscream004 15E201 XAPPLEPUSHSERVICE IMAP4 IMAP4rev1 SASL-IR AUTH=ATOKEN \
    AUTH=PLAIN] iSCREAM ready to rumble (15E201-d02dd996912b:24762) mr11p00im-iscream004 [31:1461:18:16:40:81]\n\
    C: {l} AUTHENTICATE PLAIN AGFubgBzZXNhbWU=\n";
const SIGNED_IN: &str = "S: {l} OK [CAPABILITY XAPPLEPUSHSERVICE IMAP4 IMAP4rev1 ACL RIGHTS=tekx QUOTA LITERAL+ NAMESPACE UIDPLUS \
    CHILDREN BINARY UNSELECT SORT CATENATE URLAUTH LANGUAGE ESEARCH ESORT THREAD=ORDEREDSUBJECT THREAD=REFERENCES CONDSTORE ENABLE \
    QRESYNC CONTEXT=SEARCH CONTEXT=SORT WITHIN SASL-IR SEARCHRES METADATA ID XSENDER X-SUN-SORT ANNOTATE-EXPERIMENT-1 \
    X-UNAUTHENTICATE X-SUN-IMAP XUM1 IDLE] User ann logged in\n\
    C: {i} ID …\nC: {n} NAMESPACE\nS: * ID (\"name\" \"iSCREAM\")\nS: {i} OK done\nS: * NAMESPACE ((\"\" \"/\")) NIL NIL\nS: {n} OK done\n";

#[tokio::test]
async fn what_stands_in_texts_is_filtered_here_and_the_rest_is_searched_there() {
    let rest = "C: {a} UID SORT RETURN (COUNT PARTIAL 1:20) (REVERSE ARRIVAL) US-ASCII …UNSEEN\n\
        S: * ESEARCH (TAG \"{a}\") UID COUNT 2 PARTIAL (1:20 9,4)\nS: {a} OK done";
    let (script, mut session) = session(format!("{GREETING}{SIGNED_IN}{rest}")).await;
    assert!(session.quirks().finds_no_text);
    let abilities = Abilities { text_search: !session.quirks().finds_no_text, ..Abilities::default() };
    let query = Query::parse("from:ann is:unread", date!(2026 - 11 - 21)).unwrap();
    let plan = compile(&query, abilities, UtcOffset::UTC);
    assert!(plan.residual.is_some(), "else the answer would be a silent zero");
    let shape = Shape::choose(&session, Order::Received, 1, 20);
    let request = search::request(&session, &plan.criteria, plan.charset.is_some(), shape, None);
    let found = search::read(&session.run_one(request).await.unwrap(), shape).unwrap();
    assert_eq!(found.uids, [9, 4]);
    drop(session);
    script.done().await;
}

#[tokio::test]
async fn a_refused_sign_in_tells_of_app_passwords_and_of_the_local_part() {
    let transcript = format!("{GREETING}S: {{l}} NO [AUTHENTICATIONFAILED] Authentication failed");
    let script = Script::play([transcript]).await;
    let error = script.sign_in().await.err().unwrap();
    let Error::SignInRefused { text, .. } = error else { panic!("{error:?}") };
    let there = Error::SignInRefused { host: "imap.mail.me.com".into(), text }.problem("work");
    assert_eq!(there.code, Code::AccountAuthFailed);
    assert!(there.hint.contains("app-specific") && there.hint.contains("the part before the @"), "{there:?}");
    script.done().await;
}
