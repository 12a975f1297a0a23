//! Whom the person knows, out of real folders.

use domain::{Code, Limits, Scope, Scopes};
use engine::{
    Bounds,
    people::{People, PeopleRequest},
};
use testkit::{Mail, Options, maildir::Numbering};

use crate::world::{NOW, World, bounded_engine, empty_world, principal};

const HOUR: u64 = 3_600;

/// A message received so many hours before now.
fn mail(hours: u64, from: &str, to: &str) -> Mail {
    let text = format!("From: {from}\r\nTo: {to}\r\nSubject: x\r\n\r\nx\r\n");
    Mail::new(text, NOW - hours * HOUR).flags("S")
}

/// Alice, who wrote to Bob and to Jörg, and whom others write to.
fn correspondence(options: Options) -> Option<World> {
    let world = empty_world(options)?;
    let me = "Alice <alice@example.com>";
    let mails = [
        ("Sent", mail(50, me, "Bob Stone <bob@stone.example>, Carol <carol@x.example>")),
        ("Sent", mail(40, me, "=?utf-8?q?J=C3=B6rg_Kn=C3=BCll?= <jk@x.example>, alice@example.com")),
        ("INBOX", mail(30, "Robert Stone <BOB@stone.example>", me)),
        ("INBOX", mail(20, "Stone News <news@stone.example>", me)),
        ("INBOX", mail(19, "Stone News <news@stone.example>", me)),
        ("INBOX", mail(18, "Stone News <news@stone.example>", me)),
        ("Archive", mail(400, "Old Stone <old@stone.example>", me)),
        ("Clients/Stone", mail(500, "Filed Stone <filed@stone.example>", me)),
        ("Junk", mail(1, "Stone Pills <pills@stone.example>", me)),
        ("Trash", mail(1, "Gone Stone <gone@stone.example>", me)),
        ("Drafts", mail(1, me, "Draft Stone <draft@stone.example>")),
    ];
    for (number, (folder, mail)) in (1..).zip(&mails) {
        world.maildir.deliver(folder, number, mail).unwrap();
    }
    Some(world)
}

async fn people(world: &World, query: &str) -> People {
    let request = PeopleRequest { query: query.into(), account: None };
    world.engine.people(&world.principal, request).await.unwrap()
}

fn addresses(people: &People) -> Vec<String> {
    people.people.iter().map(|person| format!("{} {}", person.address, person.count)).collect()
}

#[tokio::test]
async fn a_name_finds_whom_the_person_wrote_to_and_then_who_wrote_to_them() {
    let bare = ["ESEARCH", "PARTIAL", "LITERAL+", "LIST-STATUS", "LIST-EXTENDED"];
    for options in [Options::default(), Options::default().without(&bare)] {
        let Some(world) = correspondence(options) else { return };
        let found = people(&world, "stone").await;
        assert_eq!(
            addresses(&found),
            [
                "Robert Stone <BOB@stone.example> 2",
                "Stone News <news@stone.example> 3",
                "Old Stone <old@stone.example> 1",
                "Filed Stone <filed@stone.example> 1",
            ]
        );
        assert!(found.coverage.is_exact, "{:?}", found.coverage);
        assert_eq!(found.people[0].last.unix_timestamp(), i64::try_from(NOW - 30 * HOUR).unwrap());
        assert_eq!(addresses(&people(&world, "knüll JÖRG").await), ["Jörg Knüll <jk@x.example> 1"]);
        assert_eq!(addresses(&people(&world, "jk@x.example").await), ["Jörg Knüll <jk@x.example> 1"]);
        assert_eq!(addresses(&people(&world, "nobody").await), Vec::<String>::new());
    }
}

#[tokio::test]
async fn without_a_name_it_is_whoever_was_last_in_touch() {
    let Some(world) = correspondence(Options::default()) else { return };
    assert_eq!(
        addresses(&people(&world, "").await),
        [
            "Robert Stone <BOB@stone.example> 2",
            "Jörg Knüll <jk@x.example> 1",
            "Carol <carol@x.example> 1",
            "Stone News <news@stone.example> 3",
            "Old Stone <old@stone.example> 1",
        ]
    );
}

#[tokio::test]
async fn the_limits_of_the_grant_hold() {
    let Some(mut world) = correspondence(Options::default()) else { return };
    let since = crate::world::now() - time::Duration::hours(45);
    world.principal = principal(&world.dovecot, Limits { nothing_before: Some(since), ..Limits::default() });
    assert_eq!(
        addresses(&people(&world, "").await),
        [
            "Jörg Knüll <jk@x.example> 1",
            "Stone News <news@stone.example> 3",
            "Robert Stone <BOB@stone.example> 1",
        ]
    );
    let folders = vec!["Clients/Stone".to_owned()];
    world.principal = principal(&world.dovecot, Limits { folders, ..Limits::default() });
    assert_eq!(addresses(&people(&world, "").await), ["Filed Stone <filed@stone.example> 1"]);
    world.principal.scopes = [Scope::Search].into_iter().collect::<Scopes>();
    let request = PeopleRequest { query: String::new(), account: Some("other".into()) };
    assert_eq!(world.engine.people(&world.principal, request).await.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn of_many_messages_the_newest_are_counted_and_the_answer_says_so() {
    let Some(mut world) = empty_world(Options::default()) else { return };
    let from = |n: u64| format!("N{n} <n{n}@x.example>", n = n % 5);
    let mails = (0..230).map(|n| mail(230 - n, &from(n), "alice@example.com"));
    world.maildir.fill("INBOX", Numbering::default(), mails).unwrap();
    let found = people(&world, "x.example").await;
    assert_eq!(found.people.iter().map(|person| person.count).sum::<u32>(), 200);
    let back_to = found.coverage.back_to.unwrap().unix_timestamp();
    assert!(!found.coverage.is_exact && back_to == i64::try_from(NOW - 200 * HOUR).unwrap());
    world.engine = bounded_engine(Bounds { filter_candidates: 10, ..Bounds::default() });
    let found = people(&world, "").await;
    assert_eq!(found.people.iter().map(|person| person.count).sum::<u32>(), 10);
    assert!(!found.coverage.is_exact);
}
