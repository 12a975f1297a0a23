//! Exchange, Outlook.com and Microsoft 365, as in <https://github.com/jstedfast/MailKit/issues/1494>,
//! <https://github.com/jstedfast/MailKit/issues/808> and
//! <https://github.com/simonrob/email-oauth2-proxy/issues/74>.

use domain::{Code, Query, Role};
use mail::imap::{
    command::search::{self, Order, Shape},
    search::{Abilities, compile},
};
use time::{UtcOffset, macros::date};

use super::{folders, roles, session, welcome};
use crate::script::Script;

const GREETING: &str =
    "The Microsoft Exchange IMAP4 service is ready. [RgBSADMAUAAyADgAMQBDAEEAMAAxADUANwA=]";
const BEFORE: &str =
    "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+";
const AFTER: &str = "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CLIENTACCESSRULES \
    CLIENTNETWORKPRESENCELOCATION BACKENDAUTHENTICATE CHILDREN IDLE NAMESPACE LITERAL+";

fn signed_in() -> String {
    welcome(GREETING, BEFORE, AFTER)
        + "C: {i} ID …\nC: {n} NAMESPACE\nS: * ID (\"name\" \"Microsoft.Exchange.Imap4.Imap4Server\" \"version\" \"15.20\")\n\
           S: {i} OK ID completed\nS: * NAMESPACE ((\"\" \"/\")) NIL NIL\nS: {n} OK NAMESPACE completed.\n"
}

#[tokio::test]
async fn a_mailbox_that_is_authenticated_but_not_connected_is_a_refused_sign_in() {
    let transcript = welcome(GREETING, BEFORE, AFTER)
        + "C: {i} ID …\nC: {n} NAMESPACE\nS: {i} OK ID completed\n\
           S: {n} BAD User is authenticated but not connected.\nS: * BYE Connection closed. 14\ncut";
    let script = Script::play([transcript]).await;
    let error = script.sign_in().await.err().unwrap();
    assert!(error.is_without_mailbox(), "{error:?}");
    let problem = error.problem("work");
    assert_eq!(problem.code, Code::AccountAuthFailed);
    assert!(problem.hint.contains("IMAP is switched off"), "{problem:?}");
    assert_eq!(problem.server_text.as_deref(), Some("User is authenticated but not connected."));
}

#[tokio::test]
async fn the_same_said_later_is_the_same_problem() {
    let (_script, mut session) = session(
        signed_in() + "C: {a} EXAMINE INBOX\nS: {a} BAD User is authenticated but not connected.\nstall",
    )
    .await;
    let error = session.examine(b"INBOX", Vec::new()).await.unwrap_err();
    assert_eq!(error.problem("work").code, Code::AccountAuthFailed);
}

#[tokio::test]
async fn only_ascii_is_searched_there_and_the_rest_is_ours() {
    let rest = "C: {a} UID SEARCH SUBJECT …\nS: * SEARCH 4 7\nS: {a} OK SEARCH completed.\n\
        C: {b} UID SEARCH CHARSET UTF-8 SUBJECT {5+}\nC: ü€\n\
        S: {b} NO [BADCHARSET (US-ASCII)] The specified charset is not supported.";
    let (script, mut session) = session(signed_in() + rest).await;
    assert!(session.quirks().searches_only_ascii);
    let query = Query::parse("subject:verrà -subject:ü", date!(2026 - 11 - 21)).unwrap();
    let plan = compile(&query, Abilities { utf8: false, ..Abilities::default() }, UtcOffset::UTC);
    assert!(plan.charset.is_none() && plan.residual.is_some());
    let query = Query::parse("subject:offer", date!(2026 - 11 - 21)).unwrap();
    let plan = compile(&query, Abilities { utf8: false, ..Abilities::default() }, UtcOffset::UTC);
    assert!(plan.residual.is_none());
    let shape = Shape::choose(&session, Order::Filed, 1, 20);
    let request = search::request(&session, &plan.criteria, false, shape, None);
    let found = search::read(&session.run_one(request).await.unwrap(), shape).unwrap();
    assert_eq!(found.uids, [7, 4]);

    let query = Query::parse("subject:ü€", date!(2026 - 11 - 21)).unwrap();
    let plan = compile(&query, Abilities::default(), UtcOffset::UTC);
    let request = search::request(&session, &plan.criteria, true, shape, None);
    assert!(session.run_one(request).await.unwrap_err().is_bad_charset());
    drop(session);
    script.done().await;
}

#[tokio::test]
async fn folders_without_special_use_are_known_by_their_names() {
    let folders = folders(
        signed_in()
            + "C: {a} LIST \"\" \"*\"\nC: {b} LSUB \"\" \"*\"\n\
         S: * LIST (\\HasNoChildren) \"/\" Archive\nS: * LIST (\\HasNoChildren) \"/\" Calendar\n\
         S: * LIST (\\HasNoChildren) \"/\" \"Deleted Items\"\nS: * LIST (\\HasNoChildren) \"/\" Drafts\n\
         S: * LIST (\\Marked \\HasNoChildren) \"/\" INBOX\nS: * LIST (\\HasNoChildren) \"/\" \"Junk Email\"\n\
         S: * LIST (\\HasNoChildren) \"/\" Outbox\nS: * LIST (\\HasNoChildren) \"/\" \"Sent Items\"\nS: {a} OK LIST completed.\n\
         S: {b} OK LSUB completed.\n\
         C: {s} STATUS …\nC: {t} STATUS …\nC: {u} STATUS …\nC: {v} STATUS …\nC: {w} STATUS …\nC: {x} STATUS …\nC: {y} STATUS …\nC: {z} STATUS …\n\
         S: {s} OK STATUS completed.\nS: {t} OK STATUS completed.\nS: {u} OK STATUS completed.\nS: {v} OK STATUS completed.\n\
         S: {w} OK STATUS completed.\nS: {x} OK STATUS completed.\nS: {y} OK STATUS completed.\nS: {z} OK STATUS completed.",
    )
    .await;
    for expected in [
        ("INBOX", Some(Role::Inbox)),
        ("Sent Items", Some(Role::Sent)),
        ("Deleted Items", Some(Role::Trash)),
        ("Junk Email", Some(Role::Junk)),
        ("Drafts", Some(Role::Drafts)),
        ("Archive", Some(Role::Archive)),
        ("Outbox", None),
        ("Calendar", None),
    ] {
        assert!(roles(&folders).contains(&expected), "{expected:?}: {folders:?}");
    }
}
