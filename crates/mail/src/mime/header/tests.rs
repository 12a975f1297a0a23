//! Header fields, sound and broken.

use proptest::prelude::*;

use super::*;

fn headers(text: &str) -> Headers {
    Headers::parse(text.replace('\n', "\r\n").as_bytes())
}

#[test]
fn fields_are_unfolded_and_found_in_any_case() {
    let found = headers("Subject: one\n two\nX-A:b\nbroken line\n\nBody: no\n");
    assert_eq!(found.text("SUBJECT").as_deref(), Some("one two"));
    assert_eq!(found.text("x-a").as_deref(), Some("b"));
    assert_eq!(found.text("body"), None);
}

#[test]
fn encoded_words_and_raw_octets_are_decoded() {
    let found = Headers::parse(b"Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n =?utf-8?B?IGFuIGFsbGU=?=\r\nX-Raw: Gr\xc3\xbc\xc3\x9fe\r\nX-Latin: Gr\xfc\xdfe\r\n\r\n");
    assert_eq!(found.text("subject").as_deref(), Some("Grüße an alle"));
    assert_eq!(found.text("x-raw").as_deref(), Some("Grüße"));
    assert_eq!(found.text("x-latin").as_deref(), Some("Grüße"));
}

#[test]
fn references_are_ids_in_order_without_doubles() {
    let found = headers("References: <a@x> <b@x>\n <a@x>\t<c@x>junk\nMessage-ID: <m@x>\nIn-Reply-To: c@x\n");
    assert_eq!(found.references(), ["<a@x>", "<b@x>", "<c@x>"]);
    assert_eq!(found.message_id().as_deref(), Some("<m@x>"));
    assert_eq!(found.ids("in-reply-to"), ["<c@x>"]);
}

#[test]
fn lists_are_recognised() {
    let found =
        headers("List-Id: \"The <b> list\" <dev.example.org>\nList-Unsubscribe: <https://x.example/u>\n");
    assert_eq!(found.list_id().as_deref(), Some("dev.example.org"));
    assert!(found.has_unsubscribe());
    assert_eq!(headers("List-Id: plain.example.org\n").list_id().as_deref(), Some("plain.example.org"));
    assert!(!headers("List-Unsubscribe:\n").has_unsubscribe());
}

#[test]
fn an_envelope_comes_out_of_a_header() {
    let found = headers(
        "From: =?utf-8?q?J=C3=B6rg?= <j@x.example>\nTo: a@x.example, \"B, C\" <b@x.example>\nCc: Friends: d@x.example, e@x.example;\nSubject: s\nDate: Mon, 3 May 2024 10:12:00 +0200\nMessage-ID: <1@x>\n",
    );
    let envelope = found.envelope();
    assert_eq!(envelope.from[0].to_string(), "Jörg <j@x.example>");
    assert_eq!(envelope.sender, envelope.from);
    assert_eq!(
        envelope.to.iter().map(|a| a.email.as_str()).collect::<Vec<_>>(),
        ["a@x.example", "b@x.example"]
    );
    assert_eq!(envelope.to[1].name, "B, C");
    assert_eq!(envelope.cc.len(), 2);
    assert_eq!(envelope.date.unwrap().unix_timestamp(), 1_714_723_920);
}

#[test]
fn results_below_a_foreign_received_are_told_apart() {
    let found = headers(
        "Authentication-Results: mx.own.example; spf=pass\nReceived: from a by mx2.own.example; x\nAuthentication-Results: in.own.example;\n dkim=pass\nReceived: from b by mx1.own.example with SMTP; x\nReceived: from c by evil.example; x\nAuthentication-Results: mx.own.example; dmarc=pass\n",
    );
    let placed = found.placed_authentication_results();
    assert_eq!(placed.iter().map(|(_, is_above)| *is_above).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(found.authentication_results()[1], "in.own.example; dkim=pass");
}

#[test]
fn a_result_that_the_sender_added_below_the_servers_own_is_not_believed() {
    // Gmail writes its result below its Received lines, right above the sender's fields.
    let found = headers(
        "Received: by 2002:a17:90a:1234 with SMTP id x; y\nReceived: from evil by mx.google.com with ESMTPS; y\nReceived-SPF: fail\nAuthentication-Results: mx.google.com; spf=fail\nAuthentication-Results: (hi) mx.google.com; dmarc=pass\nReceived: from b by evil.example; x\nAuthentication-Results: mx.google.com; dkim=pass\n",
    );
    let placed = found.placed_authentication_results();
    assert_eq!(placed.iter().map(|(_, is_believed)| *is_believed).collect::<Vec<_>>(), [true, false, false]);
}

#[test]
fn several_results_above_every_received_are_the_servers_own() {
    let found = headers(
        "Authentication-Results: mx.own.example; dmarc=pass\nAuthentication-Results: mx.own.example; dkim=pass\nReceived: from a by mx.own.example; x\nAuthentication-Results: mx.own.example; spf=pass\n",
    );
    let placed = found.placed_authentication_results();
    assert_eq!(placed.iter().map(|(_, is_believed)| *is_believed).collect::<Vec<_>>(), [true, true, false]);
}

proptest! {
    #[test]
    fn no_header_panics(raw in proptest::collection::vec(any::<u8>(), 0..400)) {
        let found = Headers::parse(&raw);
        let _ = (found.envelope(), found.references(), found.list_id(), found.placed_authentication_results());
    }

    #[test]
    fn no_likely_header_panics(value in "[a-zA-Z<>@,;:\"()\\\\ =?.\\[\\]\t_é-]{0,120}") {
        let raw = format!("From: {value}\r\nDate: {value}\r\nSubject: =?utf-8?q?{value}?=\r\nReferences: {value}\r\nReceived: {value}\r\nAuthentication-Results: {value}\r\n\r\n");
        let found = Headers::parse(raw.as_bytes());
        let _ = (found.envelope(), found.references(), found.placed_authentication_results());
    }
}

#[test]
fn a_quoted_local_part_stays_what_it_is() {
    for (written, name, email) in [
        (r#""a b"@example.org"#, "", r#""a b"@example.org"#),
        (r#"Ann <"a b"@example.org>"#, "Ann", r#""a b"@example.org"#),
        (r#"Ann < "a b" @ example.org >"#, "Ann", r#""a b"@example.org"#),
        (r#""a..b"@example.org"#, "", r#""a..b"@example.org"#),
        (r#""a\\b"@example.org"#, "", r#""a\\b"@example.org"#),
        (r#""a\"b"@example.org"#, "", r#""a\"b"@example.org"#),
        ("ann @ example.org", "", "ann@example.org"),
        ("Ann <ann@ example.org>", "Ann", "ann@example.org"),
    ] {
        let found = parse_addresses(written.as_bytes());
        assert_eq!(found, [Address { name: name.to_owned(), email: email.to_owned() }], "{written}");
    }
}
