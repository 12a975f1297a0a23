//! Queries, on every server.

use std::collections::BTreeSet;

use domain::FolderArg;
use engine::search::SearchRequest;
use testkit::Mail;

use super::{THEN, World, mail, on_every_server};

on_every_server!(
    each_operator_finds_what_it_names_and_nothing_else,
    words_outside_ascii_are_found_in_any_encoding_and_case,
    a_search_over_all_folders_pages_through_every_hit_once,
    what_cannot_stand_in_a_command_is_searched_all_the_same,
);

const DAY: u64 = 86_400;

/// A message, so many days old.
fn aged(days: u64, flags: &str, raw: &str) -> Mail {
    let raw = raw.replace('\n', "\r\n");
    Mail::new(format!("MIME-Version: 1.0\r\n{raw}"), THEN - days * DAY - 3_600).flags(flags)
}

/// Subjects are single words, so that a test can name the messages that it expects.
fn fill(world: &mut World) {
    let pdf = "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nsee the file\n--b\n\
        Content-Type: application/pdf; name=\"offer 7.pdf\"\nContent-Disposition: attachment; filename=\"offer 7.pdf\"\n\
        Content-Transfer-Encoding: base64\n\nAAAA\n--b--\n";
    let mut later = aged(
        2,
        "S",
        "From: Carol <carol@shop.example>\nTo: team@example.com\nSubject: parcel\n\nIt was sent.\n",
    );
    later.keywords = vec!["Later".into()];
    let big = format!(
        "From: Dave <dave@example.net>\nTo: alice@example.com\nSubject: big\n\n{}",
        "0123456789abcdef\n".repeat(4_000)
    );
    for mail in [
        aged(
            40,
            "S",
            "From: Ann Lee <ann@example.org>\nTo: alice@example.com\nCc: Carol <carol@shop.example>\nSubject: lunch\nMessage-ID: <lunch@example.org>\n\nShall we eat at noon?\n",
        ),
        aged(
            10,
            "",
            &format!("From: Bob <bob@example.org>\nTo: Alice <alice@example.com>\nSubject: offer\n{pdf}"),
        ),
        aged(
            5,
            "FRS",
            "From: News <news@paper.example>\nTo: alice@example.com\nSubject: weekly\nList-Id: The Paper <weekly.paper.example>\n\nNothing new, except lunch.\n",
        ),
        later,
        aged(1, "D", &big),
    ] {
        world.file("INBOX", &mail);
    }
}

async fn found(world: &World, query: &str) -> BTreeSet<String> {
    let request = SearchRequest {
        query: query.into(),
        folder: Some(FolderArg::parse("@inbox")),
        limit: 50,
        ..SearchRequest::default()
    };
    let page = world.search(request).await;
    assert!(page.rows.is_sorted_by(|a, b| a.date >= b.date), "{query} is not newest first");
    assert_eq!(page.coverage.failed, [], "{query}");
    page.rows.into_iter().map(|row| row.subject).collect()
}

async fn each_operator_finds_what_it_names_and_nothing_else(mut world: World) {
    fill(&mut world);
    for (query, expected) in [
        ("from:ann", "lunch"),
        ("from:\"Ann Lee\"", "lunch"),
        ("from:bob@example.org", "offer"),
        ("to:team", "parcel"),
        ("cc:shop.example", "lunch"),
        ("subject:WEEK", "weekly"),
        ("body:noon", "lunch"),
        ("filename:offer", "offer"),
        ("filename:.pdf", "offer"),
        ("list:paper.example", "weekly"),
        ("has:attachment", "offer"),
        ("is:unread", "offer big"),
        ("is:read", "lunch weekly parcel"),
        ("is:starred", "weekly"),
        ("is:answered", "weekly"),
        ("is:draft", "big"),
        ("keyword:Later", "parcel"),
        ("newer_than:407d", "weekly parcel big"),
        ("older_than:407d", "lunch offer"),
        ("after:2025-10-11", "weekly parcel big"),
        ("before:2025-10-10", "lunch offer"),
        ("on:2025-10-12", "weekly"),
        ("larger:50k", "big"),
        ("smaller:50k", "lunch offer weekly parcel"),
        ("id:<lunch@example.org>", "lunch"),
        ("lunch", "lunch weekly"),
        ("\"we eat\"", "lunch"),
        ("-is:read", "offer big"),
        ("-lunch", "offer parcel big"),
        ("(from:ann OR from:bob)", "lunch offer"),
        ("is:read -from:news lunch", "lunch"),
        ("in:@inbox subject:offer", "offer"),
        ("subject:nothing-like-it", ""),
    ] {
        let expected: BTreeSet<String> = expected.split_whitespace().map(str::to_owned).collect();
        assert_eq!(found(&world, query).await, expected, "{query}");
    }
}

async fn words_outside_ascii_are_found_in_any_encoding_and_case(mut world: World) {
    for mail in [
        aged(
            3,
            "",
            "From: =?iso-8859-1?q?J=F6rg?= <joerg@example.org>\nSubject: =?utf-8?b?S8O8Y2hl?=\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nR3LDvMOfZQ==\n",
        ),
        aged(
            2,
            "",
            "From: x@example.org\nSubject: latin\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe\n",
        ),
        aged(1, "", "From: x@example.org\nSubject: =?utf-8?q?=E6=97=A5=E6=9C=AC?=\n\nascii\n"),
    ] {
        world.file("INBOX", &mail);
    }
    for (query, expected) in [
        ("subject:küche", "Küche"),
        ("subject:KÜCHE", "Küche"),
        ("from:jörg", "Küche"),
        ("body:grüße", "Küche latin"),
        ("日本", "日本"),
        ("subject:ü -body:nope", "Küche"),
        ("-subject:küche", "latin 日本"),
        ("\"grüße\" OR 日本", "Küche latin 日本"),
    ] {
        let reach = |word: &&str| {
            *word != "latin" || world.server.searches_bodies_in_any_charset || !query.contains("grüße")
        };
        let expected: BTreeSet<String> =
            expected.split_whitespace().filter(reach).map(str::to_owned).collect();
        assert_eq!(found(&world, query).await, expected, "{query}");
    }
}

async fn a_search_over_all_folders_pages_through_every_hit_once(mut world: World) {
    if !world.server.has_special_folders {
        world.create("Trash");
    }
    let folders = ["INBOX", "Projects", "Projects/Mars", "Küche", "Trash"];
    for (index, folder) in folders.into_iter().enumerate() {
        if !matches!(folder, "INBOX" | "Trash") {
            world.create(folder);
        }
        for number in 0..9_u64 {
            let mut mail = mail(&format!("hit {index}.{number}"), "\r\nneedle\r\n");
            mail.received = THEN - 50_000 + number * 600 + index as u64;
            world.file(folder, &mail);
        }
    }
    let mut request = SearchRequest { query: "subject:hit".into(), limit: 7, ..SearchRequest::default() };
    let (mut hits, mut dates) = (Vec::new(), Vec::new());
    loop {
        let page = world.search(request.clone()).await;
        assert!(page.rows.len() <= 7);
        hits.extend(page.rows.iter().map(|row| row.subject.clone()));
        dates.extend(page.rows.iter().map(|row| row.date));
        request.cursor = page.next_cursor;
        if request.cursor.is_none() {
            break;
        }
    }
    assert!(dates.is_sorted_by(|a, b| a >= b));
    let unique: BTreeSet<&String> = hits.iter().collect();
    assert_eq!((unique.len(), hits.len()), (36, 36), "{hits:?}");
    assert!(hits.iter().all(|hit| !hit.starts_with("hit 4.")), "Trash was not named");
}

async fn what_cannot_stand_in_a_command_is_searched_all_the_same(mut world: World) {
    world.file(
        "INBOX",
        &aged(1, "", "From: x@example.org\nSubject: quote\n\nhe said \"yes\" (twice) \\o/ 100%\n"),
    );
    world.file("INBOX", &aged(2, "", "From: x@example.org\nSubject: other\n\nhe said no\n"));
    let long = "x".repeat(1_500);
    for (query, expected) in [
        ("body:\"(twice)\"".to_owned(), "quote"),
        ("body:100%".to_owned(), "quote"),
        ("body:\\o/".to_owned(), "quote"),
        ("subject:*".to_owned(), ""),
        (format!("body:{long}"), ""),
    ] {
        let expected: BTreeSet<String> = expected.split_whitespace().map(str::to_owned).collect();
        assert_eq!(found(&world, &query).await, expected, "{query}");
    }
}
