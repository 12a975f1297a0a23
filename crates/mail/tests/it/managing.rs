//! Mailboxes that are made, renamed and removed: what is done after a cut, where parents are missing, and what is
//! left alone. What real servers make of it is the engine's tests.

use bytes::Bytes;
use mail::{
    Error,
    imap::manage::{Contents, Count, Manage, Managed},
};

use crate::script::{Script, examined, hello};

const WORK: &str = "S: * LIST () \"/\" INBOX\nS: * LIST () \"/\" Work\n";

fn wire(name: &'static str) -> Bytes {
    Bytes::from_static(name.as_bytes())
}

fn listed(tag: &str, lines: &str) -> String {
    format!("C: {{{tag}}} LIST \"\" \"*\" RETURN (SUBSCRIBED)\n{lines}S: {{{tag}}} OK done\n")
}

/// What comes of it on connections that go like that.
async fn manage(what: Manage, connections: &[String]) -> Result<Managed, Error> {
    let script = Script::play(connections).await;
    let pool = script.pool();
    let outcome = pool.manage(&what).await;
    drop(pool);
    script.done().await;
    outcome
}

fn begun(rest: &str) -> String {
    hello("LIST-EXTENDED") + rest
}

fn name_of(managed: Managed) -> String {
    match managed {
        Managed::There(folder) => folder.name.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_mailbox_is_made_and_subscribed_to() {
    let rest = "C: {a} CREATE Work\nS: {a} OK made\nC: {b} SUBSCRIBE Work\nS: {b} OK\n".to_owned();
    let made = manage(Manage::Create { mailbox: wire("Work") }, &[begun(&(rest + &listed("c", WORK)))]).await;
    assert_eq!(name_of(made.unwrap()), "Work");
}

#[tokio::test]
async fn parents_are_made_where_the_server_does_not() {
    let rest = "C: {a} CREATE Work/a/b\nS: {a} NO no parent\n".to_owned()
        + &listed("b", WORK)
        + "C: {c} CREATE Work/a\nS: {c} OK\nC: {d} CREATE Work/a/b\nS: {d} OK\nC: {e} SUBSCRIBE Work/a/b\nS: {e} OK\n"
        + &listed("f", &format!("{WORK}S: * LIST () \"/\" Work/a\nS: * LIST () \"/\" Work/a/b\n"));
    let made = manage(Manage::Create { mailbox: wire("Work/a/b") }, &[begun(&rest)]).await;
    assert_eq!(name_of(made.unwrap()), "Work/a/b");
}

#[tokio::test]
async fn parents_that_did_not_help_are_taken_away_again() {
    let rest = "C: {a} CREATE Work/a/b\nS: {a} NO no\n".to_owned()
        + &listed("b", WORK)
        + "C: {c} CREATE Work/a\nS: {c} OK\nC: {d} CREATE Work/a/b\nS: {d} NO [NOPERM] still no\nC: {e} DELETE Work/a\nS: {e} OK\n";
    let error = manage(Manage::Create { mailbox: wire("Work/a/b") }, &[begun(&rest)]).await.unwrap_err();
    assert!(matches!(error, Error::Refused { code: Some(code), .. } if code == "NOPERM"));
}

#[tokio::test]
async fn a_refusal_that_says_why_is_not_tried_around() {
    for code in ["OVERQUOTA", "NOPERM", "LIMIT", "ALREADYEXISTS", "CANNOT"] {
        let rest = format!("C: {{a}} CREATE Work/a\nS: {{a}} NO [{code}] no\n");
        let error = manage(Manage::Create { mailbox: wire("Work/a") }, &[begun(&rest)]).await.unwrap_err();
        assert!(matches!(error, Error::Refused { code: Some(told), .. } if told == code));
    }
}

#[tokio::test]
async fn after_a_cut_it_is_looked_at_whether_it_happened() {
    let cut = |command: &str| begun(&format!("C: {{a}} {command}\ncut"));
    let both = [cut("CREATE Work"), begun(&listed("b", WORK))];
    assert_eq!(name_of(manage(Manage::Create { mailbox: wire("Work") }, &both).await.unwrap()), "Work");

    let neither = [cut("CREATE Work"), begun(&listed("b", "S: * LIST () \"/\" INBOX\n"))];
    let error = manage(Manage::Create { mailbox: wire("Work") }, &neither).await.unwrap_err();
    assert!(error.is_connection_lost());

    let rename = || Manage::Rename { mailbox: wire("Old"), to: wire("Work") };
    let renaming = |after: &str| {
        let old = "S: * LIST () \"/\" Old\n";
        [begun(&(listed("a", old) + "C: {b} RENAME Old Work\ncut")), begun(&listed("c", after))]
    };
    assert_eq!(name_of(manage(rename(), &renaming(WORK)).await.unwrap()), "Work");
    // both names: somebody else's
    let both = format!("{WORK}S: * LIST () \"/\" Old\n");
    assert!(manage(rename(), &renaming(&both)).await.unwrap_err().is_connection_lost());
}

const EMPTY: &str = "C: {s} STATUS Work (MESSAGES UNSEEN UIDNEXT UIDVALIDITY)\nS: * STATUS Work (MESSAGES 0 UNSEEN 0 UIDNEXT 4 UIDVALIDITY 7)\nS: {s} OK\n";

#[tokio::test]
async fn after_a_cut_a_mailbox_that_is_gone_was_removed() {
    let delete = || Manage::Delete { mailbox: wire("Work"), holding: None };
    let first = begun(&(listed("a", WORK) + EMPTY + "C: {b} DELETE Work\ncut"));
    let gone = [first.clone(), begun(&listed("c", "S: * LIST () \"/\" INBOX\n"))];
    assert_eq!(manage(delete(), &gone).await.unwrap(), Managed::Gone);
    let there = [first, begun(&listed("c", WORK))];
    assert!(manage(delete(), &there).await.unwrap_err().is_connection_lost());
}

#[tokio::test]
async fn what_holds_messages_or_mailboxes_is_not_removed() {
    let full = |messages: u32, next: u32| {
        let counted = format!("MESSAGES {messages} UNSEEN 0 UIDNEXT {next} UIDVALIDITY 7");
        begun(&(listed("a", WORK) + &EMPTY.replace("MESSAGES 0 UNSEEN 0 UIDNEXT 4 UIDVALIDITY 7", &counted)))
    };
    let delete = |holding| Manage::Delete { mailbox: wire("Work"), holding };
    assert_eq!(manage(delete(None), &[full(1, 4)]).await.unwrap(), Managed::HoldsMessages);
    let counted = Some(Contents { validity: 7, uid_next: 4, messages: 2 });
    for (messages, next) in [(3, 4), (2, 5)] {
        assert_eq!(manage(delete(counted), &[full(messages, next)]).await.unwrap(), Managed::HoldsMessages);
    }
    let as_counted =
        full(1, 4) + "C: {b} DELETE Work\nS: {b} OK\nC: {c} UNSUBSCRIBE Work\nS: {c} NO never was\n";
    assert_eq!(manage(delete(counted), &[as_counted]).await.unwrap(), Managed::Gone);
    let below = begun(&listed("a", &format!("{WORK}S: * LIST () \"/\" Work/a\n")));
    assert_eq!(manage(delete(counted), &[below]).await.unwrap(), Managed::HoldsFolders);
}

#[tokio::test]
async fn subscriptions_move_along_with_what_is_below() {
    let lines = "S: * LIST (\\Subscribed) \"/\" Old\nS: * LIST () \"/\" Old/a\nS: * LIST (\\Subscribed) \"/\" Old/b\nS: * LIST (\\Subscribed) \"/\" Older\n";
    let rest = listed("a", lines)
        + "C: {b} RENAME Old Work\nS: {b} OK\n\
           C: {c} SUBSCRIBE Work\nC: {d} UNSUBSCRIBE Old\nC: {e} SUBSCRIBE Work/b\nC: {f} UNSUBSCRIBE Old/b\n\
           S: {c} OK\nS: {d} NO gone\nS: {e} OK\nS: {f} OK\n"
        + &listed("g", WORK);
    let what = Manage::Rename { mailbox: wire("Old"), to: wire("Work") };
    assert_eq!(name_of(manage(what, &[begun(&rest)]).await.unwrap()), "Work");
}

#[tokio::test]
async fn a_mailbox_that_is_open_is_left_first_and_opened_anew_by_the_next_caller() {
    let open =
        |tag: &str, validity: u32| format!("C: {{{tag}}} EXAMINE Work\n{}", examined(tag, validity, 0));
    let rest = open("a", 7)
        + &listed("b", WORK)
        + "C: {c} EXAMINE INBOX\n"
        + &examined("c", 1, 0)
        + &EMPTY.replace("{s}", "{d}")
        + "C: {e} DELETE Work\nS: {e} OK\nC: {f} UNSUBSCRIBE Work\nS: {f} OK\n"
        + "C: {g} CREATE Work\nS: {g} OK\nC: {h} SUBSCRIBE Work\nS: {h} OK\n"
        + &listed("i", WORK)
        + &open("j", 8);
    let script = Script::play([begun(&rest)]).await;
    let pool = script.pool();
    let look = async |pool: &mail::imap::Pool| {
        let mut lease = pool.lease(Some(b"Work")).await.unwrap();
        lease.examine(b"Work", Vec::new()).await.unwrap().0.validity
    };
    assert_eq!(look(&pool).await, 7);
    let delete = Manage::Delete { mailbox: wire("Work"), holding: None };
    assert_eq!(pool.manage(&delete).await.unwrap(), Managed::Gone);
    pool.manage(&Manage::Create { mailbox: wire("Work") }).await.unwrap();
    assert_eq!(look(&pool).await, 8);
    drop(pool);
    script.done().await;
}

#[tokio::test]
async fn a_session_that_is_in_use_forgets_what_it_has_open_when_it_is_given_back() {
    let open =
        |tag: &str, validity: u32| format!("C: {{{tag}}} EXAMINE Work\n{}", examined(tag, validity, 0));
    let first = begun(&(open("a", 7) + &open("b", 8)));
    let second = begun(
        &(listed("a", WORK) + EMPTY + "C: {b} DELETE Work\nS: {b} OK\nC: {c} UNSUBSCRIBE Work\nS: {c} OK\n"),
    );
    let script = Script::play([first, second]).await;
    let pool = script.pool();
    let mut reader = pool.lease(None).await.unwrap();
    reader.examine(b"Work", Vec::new()).await.unwrap();
    let delete = Manage::Delete { mailbox: wire("Work"), holding: None };
    assert_eq!(pool.manage(&delete).await.unwrap(), Managed::Gone);
    let writer = pool.lease(None).await.unwrap();
    drop(reader);
    let mut reader = pool.lease(Some(b"Work")).await.unwrap();
    assert_eq!(reader.examine(b"Work", Vec::new()).await.unwrap().0.validity, 8);
    drop((reader, writer, pool));
    script.done().await;
}

#[tokio::test]
async fn a_count_that_lacks_something_is_an_error_not_an_empty_mailbox() {
    let rest = EMPTY.replace("MESSAGES 0 UNSEEN 0 UIDNEXT 4 UIDVALIDITY 7", "MESSAGES 0 UIDVALIDITY 7");
    let script = Script::play([begun(&rest)]).await;
    let mut session = script.sign_in().await.unwrap();
    let count = Count { mailbox: wire("Work") };
    let counted = mail::imap::Question::ask(&count, &mut session).await;
    assert!(matches!(counted, Err(Error::Protocol(_))));
}
