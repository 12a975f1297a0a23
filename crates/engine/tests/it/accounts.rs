//! Several accounts of one principal, and what lies outside a grant.

use std::time::{Duration, Instant};

use domain::{Code, FolderArg, Limits, Principal, Problem};
use engine::{
    people::{People, PeopleRequest},
    read::{Outcome, View},
    search::{Failure, SearchRequest},
};
use testkit::{Dovecot, Mail, Maildir, Options, maildir::Numbering, require_dovecot};

use crate::world::{
    NOW, credentials, empty_world, granted, new_engine, pages, principal, principal_of, settings_at,
    settings_of,
};

fn message(to: &str, number: u32) -> Mail {
    let raw = format!(
        "From: Carol <carol@example.org>\r\nTo: {to}@example.com\r\nSubject: {to} {number}\r\nMessage-ID: <{number}@example.org>\r\n\r\ntext for {to}\r\n"
    );
    Mail::new(raw, NOW - 1_000 + u64::from(number))
}

/// alice has the odd messages, bob the even ones; number 50 went to both.
fn two() -> Option<(Dovecot, Principal)> {
    let dovecot = require_dovecot(Options::default())?;
    for (user, rest) in [("alice", 1), ("bob", 0)] {
        let maildir = Maildir::of(&dovecot, user).unwrap();
        let mails = (1..=40).filter(|n| n % 2 == rest).chain([50]).map(|n| message(user, n));
        maildir.fill("INBOX", Numbering::default(), mails).unwrap();
    }
    let principal = of(&dovecot, "bob-secret", Limits::default());
    Some((dovecot, principal))
}

fn of(dovecot: &Dovecot, password: &str, limits: Limits) -> Principal {
    let accounts = vec![
        granted("home", false, settings_of(dovecot, "bob"), credentials(password)),
        granted("work", true, settings_of(dovecot, "alice"), credentials("alice-secret")),
    ];
    principal_of(accounts, limits)
}

fn request(query: &str, account: Option<&str>, limit: usize) -> SearchRequest {
    SearchRequest {
        query: query.into(),
        account: account.map(str::to_owned),
        limit,
        ..SearchRequest::default()
    }
}

fn problem_of(failure: Failure) -> Problem {
    match failure {
        Failure::Problem(problem) => problem,
        Failure::BadCursor => panic!("no problem but a bad cursor"),
    }
}

#[tokio::test]
async fn rows_of_all_accounts_stand_in_one_order() {
    let Some((_dovecot, principal)) = two() else { return };
    let engine = new_engine();
    for query in ["", "subject:alice OR subject:bob"] {
        let pages = pages(&engine, &principal, request(query, None, 7), |_| {}).await;
        let rows: Vec<_> = pages.iter().flat_map(|page| &page.rows).collect();
        assert_eq!(rows.len(), 42, "the same message in two accounts is two");
        assert!(rows.is_sorted_by(|a, b| a.date >= b.date));
        assert_eq!((pages[0].total, pages[0].coverage.is_exact), (42, true));
    }
}

#[tokio::test]
async fn an_account_is_chosen_by_argument_by_operator_or_by_default() {
    let Some((_dovecot, principal)) = two() else { return };
    let engine = new_engine();
    let whose = async |query: &str, account: Option<&str>| {
        let page = engine.search(&principal, request(query, account, 100)).await.unwrap();
        let mut whose: Vec<String> = page.rows.iter().map(|row| row.id.account.to_string()).collect();
        whose.sort();
        whose.dedup();
        whose
    };
    assert_eq!(whose("", Some("home")).await, ["home"]);
    assert_eq!(whose("", None).await, ["home", "work"]);
    assert_eq!(whose("account:work", None).await, ["work"]);
    assert_eq!(whose("account:work text", None).await, ["work"]);
    assert_eq!(whose("account:work OR account:home", None).await, ["home", "work"]);
    assert_eq!(whose("-account:work subject:0", None).await, ["home"]);
    assert_eq!(whose("account:work", Some("home")).await, [] as [&str; 0]);
    let folders = engine.folders(&principal, None, true).await.unwrap();
    assert!(folders.iter().all(|folder| folder.account.as_str() == "work"), "the default one");
}

#[tokio::test]
async fn one_account_that_fails_hides_nothing_of_the_other() {
    let Some((dovecot, _)) = two() else { return };
    let engine = new_engine();
    let broken = of(&dovecot, "wrong", Limits::default());
    for query in ["", "text"] {
        let pages = pages(&engine, &broken, request(query, None, 8), |_| {}).await;
        assert_eq!(pages.iter().map(|page| page.rows.len()).sum::<usize>(), 21);
        let coverage = &pages[0].coverage;
        let [(account, problem)] = coverage.failed.as_slice() else { panic!("{coverage:?}") };
        assert_eq!((account.as_str(), problem.code), ("home", Code::AccountAuthFailed));
        assert!(!coverage.is_exact && !format!("{coverage:?}").contains("wrong"));
    }
    let failure = engine.search(&broken, request("", Some("home"), 8)).await.unwrap_err();
    assert_eq!(problem_of(failure).code, Code::AccountAuthFailed);
    let failure = engine.search(&broken, request("account:home", None, 8)).await.unwrap_err();
    assert_eq!(problem_of(failure).code, Code::AccountAuthFailed);
    let states: Vec<_> =
        engine.accounts(&broken).await.unwrap().into_iter().map(|status| status.state).collect();
    assert_eq!(states, ["account_auth_failed", "ok"]);
    // The same in one call that reads of both.
    let good = of(&dovecot, "bob-secret", Limits::default());
    let page = new_engine().search(&good, request("", None, 100)).await.unwrap();
    let of_both: Vec<String> = ["home", "work"]
        .iter()
        .map(|name| page.rows.iter().find(|row| row.id.account.as_str() == *name).unwrap().id.to_string())
        .collect();
    let outcomes = engine.read(&broken, &of_both, View::Text).await.unwrap();
    assert!(matches!(&outcomes[0], Outcome::Failed(_, problem) if problem.code == Code::AccountAuthFailed));
    assert!(matches!(&outcomes[1], Outcome::Message(message) if message.body.contains("text for alice")));
}

#[tokio::test]
async fn an_agent_learns_what_it_may_write_from_only_where_it_may_write() {
    let reading = || {
        let accounts = [("loud", true), ("mute", false)].map(|(name, may_send)| {
            let mut settings = settings_at("localhost", 1);
            settings.smtp = may_send.then(|| settings.imap.clone());
            granted(name, may_send, settings, credentials("x"))
        });
        principal_of(accounts.to_vec(), Limits::default())
    };
    let own = vec!["alice@example.com".to_owned()];
    let none = Vec::new();
    let cases = [
        ("folders read", [&none, &none]),
        ("folders read send", [&own, &none]),
        ("folders read draft", [&own, &own]),
    ];
    for (scopes, wanted) in cases {
        let mut principal = reading();
        principal.scopes = scopes.split(' ').map(|scope| scope.parse::<domain::Scope>().unwrap()).collect();
        let told = new_engine().accounts(&principal).await.unwrap();
        assert_eq!([&told[0].identities, &told[1].identities], wanted, "{scopes}");
    }
}

#[tokio::test]
async fn people_are_known_over_all_accounts_and_the_person_is_none_of_them() {
    let Some((dovecot, all)) = two() else { return };
    Maildir::of(&dovecot, "alice").unwrap().deliver("Sent", 1, &message("bob", 60)).unwrap();
    let known = |people: &People| {
        people.people.iter().map(|one| format!("{} {}", one.address, one.count)).collect::<Vec<_>>()
    };
    let people = new_engine().people(&all, PeopleRequest::default()).await.unwrap();
    assert_eq!(known(&people), ["Carol <carol@example.org> 42"]);
    let engine = new_engine();
    let broken = of(&dovecot, "wrong", Limits::default());
    let people = engine.people(&broken, PeopleRequest::default()).await.unwrap();
    assert_eq!(known(&people), ["Carol <carol@example.org> 21"]);
    let [(account, problem)] = people.coverage.failed.as_slice() else { panic!("{people:?}") };
    assert_eq!((account.as_str(), problem.code), ("home", Code::AccountAuthFailed));
    assert!(!people.coverage.is_exact);
    let only_home = PeopleRequest { account: Some("home".into()), ..PeopleRequest::default() };
    assert_eq!(engine.people(&broken, only_home).await.unwrap_err().code, Code::AccountAuthFailed);
}

#[tokio::test]
async fn an_account_outside_the_grant_answers_as_one_that_does_not_exist() {
    let Some((dovecot, all)) = two() else { return };
    let engine = new_engine();
    let of_home = engine.search(&all, request("", Some("home"), 1)).await.unwrap().rows[0].id.to_string();
    let only_work = principal(&dovecot, Limits::default());
    let told = |text: String| text.replace("home", "NAME").replace("nowhere", "NAME");
    for query in ["", "account:NAME", "text account:NAME", "account:work OR account:NAME"] {
        let mut answers = Vec::new();
        for name in ["home", "nowhere"] {
            let account = if query.is_empty() { Some(name) } else { None };
            let request = request(&query.replace("NAME", name), account, 5);
            answers.push(told(format!("{:?}", engine.search(&only_work, request).await.unwrap_err())));
        }
        assert_eq!(answers[0], answers[1]);
        assert!(answers[0].contains("NotFound"), "{}", answers[0]);
    }
    let mut answers = Vec::new();
    for id in [of_home.clone(), of_home.replace("home/", "nowhere/")] {
        answers.push(told(format!("{:?}", engine.read(&only_work, &[id], View::Raw).await.unwrap())));
    }
    assert_eq!(answers[0], answers[1]);
    let by_message_id = engine.read(&only_work, &["<2@example.org>".into()], View::Text).await.unwrap();
    assert!(matches!(&by_message_id[0], Outcome::Failed(_, problem) if problem.code == Code::NotFound));
}

#[tokio::test]
async fn a_folder_outside_the_grant_answers_as_one_that_does_not_exist() {
    let Some(world) = empty_world(Options::default()) else { return };
    for folder in ["INBOX", "Salaries", "Sales"] {
        world.maildir.fill(folder, Numbering::default(), [message("alice", 7)]).unwrap();
    }
    let hidden =
        SearchRequest { folder: Some(FolderArg::parse("Salaries")), limit: 1, ..SearchRequest::default() };
    let id = world.engine.search(&world.principal, hidden).await.unwrap().rows[0].id.to_string();
    let limits = Limits { folders: vec!["@inbox".into(), "Sales".into()], ..Limits::default() };
    let limited = principal(&world.dovecot, limits);
    let told = |text: String| text.replace("Salaries", "NAME").replace("Salariez", "NAME");
    let mut answers: Vec<Vec<String>> = Vec::new();
    let mut times = Vec::new();
    for name in ["Salaries", "Salariez"] {
        let engine = new_engine();
        engine.folders(&limited, None, true).await.unwrap();
        let mut told_of_it = Vec::new();
        let begun = Instant::now();
        for request in [
            SearchRequest { folder: Some(FolderArg::parse(name)), limit: 5, ..SearchRequest::default() },
            request(&format!("in:{name}"), None, 5),
            request(&format!("text in:{name}"), None, 5),
            request(&format!("subject:x OR in:{name}"), None, 5),
        ] {
            told_of_it.push(told(format!("{:?}", engine.search(&limited, request).await.unwrap_err())));
        }
        let id = id.replace("Salaries", name);
        told_of_it.push(told(format!("{:?}", engine.read(&limited, &[id], View::Text).await.unwrap())));
        times.push(begun.elapsed());
        answers.push(told_of_it);
    }
    assert_eq!(answers[0], answers[1]);
    assert!(
        answers[0].iter().all(|answer| answer.contains("FolderNotFound") && answer.contains("Sales")),
        "{answers:?}"
    );
    assert!(times[0] < times[1] * 5 + Duration::from_millis(50), "{times:?}");
    // Not by searching everything, not by Message-ID, not by listing.
    for (query, folder) in [("text", Some(FolderArg::All)), ("text", None), ("-in:Salaries text", None)] {
        let request = SearchRequest { folder, ..request(query, None, 100) };
        let page = world.engine.search(&limited, request).await.unwrap();
        assert!(page.rows.iter().all(|row| row.id.folder != FolderArg::parse("Salaries")));
        assert!(!format!("{:?}", page.coverage).contains("Salaries"));
    }
    let found = world.engine.read(&limited, &["<7@example.org>".into()], View::Text).await.unwrap();
    assert!(!format!("{found:?}").contains("Salaries"));
    let listed = world.engine.folders(&limited, None, true).await.unwrap();
    assert_eq!(listed.iter().map(|folder| folder.name.as_str()).collect::<Vec<_>>(), ["INBOX", "Sales"]);
}

#[tokio::test]
async fn a_cursor_ends_with_the_account_or_folder_it_goes_on_in() {
    let Some((dovecot, all)) = two() else { return };
    let engine = new_engine();
    let mut request = request("text", None, 5);
    request.cursor = engine.search(&all, request.clone()).await.unwrap().next_cursor;
    for narrower in [
        principal(&dovecot, Limits::default()),
        of(&dovecot, "bob-secret", Limits { folders: vec!["@sent".into()], ..Limits::default() }),
    ] {
        let failure = engine.search(&narrower, request.clone()).await.unwrap_err();
        assert_eq!(problem_of(failure).code, Code::StaleCursor);
    }
}
