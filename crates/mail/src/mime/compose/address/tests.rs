//! Recipients as agents write them, and what must never become an address.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Vec<(String, String)> {
    let found = parse_recipients(text).unwrap_or_else(|error| panic!("{text}: {}", error.problem()));
    found.into_iter().map(|address| (address.name, address.email)).collect()
}

fn fault(text: &str) -> AddressFault {
    match parse_recipients(text) {
        Err(AddressError::Entry { fault, .. }) => fault,
        other => panic!("{text:?}: {other:?}", other = other.map(|found| found.len())),
    }
}

#[test]
fn recipients_are_read_in_every_form_that_people_write() {
    for (text, name, email) in [
        ("ann@x.org", "", "ann@x.org"),
        (" <ann@x.org> ,", "", "ann@x.org"),
        ("Ann <ann@x.org>", "Ann", "ann@x.org"),
        ("Ann<ann@x.org>", "Ann", "ann@x.org"),
        ("Ann  B.\tLee <ann@x.org>;", "Ann B. Lee", "ann@x.org"),
        ("\"Lee, Ann\" <ann@x.org>", "Lee, Ann", "ann@x.org"),
        ("\"Ann \\\"A\\\" Lee\" <ann@x.org>", "Ann \"A\" Lee", "ann@x.org"),
        ("Dr. \"Lee; Ann\" <ann@x.org>", "Dr. Lee; Ann", "ann@x.org"),
        ("ann@x.org (Ann Lee)", "Ann Lee", "ann@x.org"),
        ("<ann@x.org> (Ann (Sales) Lee)", "Ann (Sales) Lee", "ann@x.org"),
        ("Ann (Sales) <ann@x.org>", "Ann (Sales)", "ann@x.org"),
        ("Ann @ Work <ann@x.org>", "Ann @ Work", "ann@x.org"),
        ("mailto:ann@x.org", "", "ann@x.org"),
        ("Ann <MAILTO:ann@x.org>", "Ann", "ann@x.org"),
        ("=?utf-8?q?J=C3=B6rg?= Lee <j@x.org>", "Jörg Lee", "j@x.org"),
        ("Jörg <jörg@bücher.example>", "Jörg", "jörg@bücher.example"),
        ("\"a b\"@x.org", "", "\"a b\"@x.org"),
        ("A <\"a>b\"@x.org>", "A", "\"a>b\"@x.org"),
        ("\"ann\"@x.org", "", "ann@x.org"),
        ("a..b.@docomo.example", "", "\"a..b.\"@docomo.example"),
        ("root@localhost", "", "root@localhost"),
        ("a@[192.0.2.1]", "", "a@[192.0.2.1]"),
        ("a@[IPv6:2001:db8::1]", "", "a@[IPv6:2001:db8::1]"),
        ("a+b=c@x.org", "", "a+b=c@x.org"),
        ("\u{202e}Ann\u{200b} <ann@x.org>", "Ann", "ann@x.org"),
    ] {
        assert_eq!(read(text), [(name.to_owned(), email.to_owned())], "{text}");
    }
}

#[test]
fn lists_have_commas_semicolons_and_groups() {
    let emails = |text| read(text).into_iter().map(|(_, email)| email).collect::<Vec<_>>();
    assert!(emails("").is_empty());
    assert!(emails(" , ;, ").is_empty());
    assert!(emails("undisclosed-recipients:;").is_empty());
    assert_eq!(
        emails("a@x.org, B <b@x.org>,, c@x.org;d@x.org,"),
        ["a@x.org", "b@x.org", "c@x.org", "d@x.org"]
    );
    assert_eq!(emails("The Team: a@x.org, B <b@x.org>; c@x.org"), ["a@x.org", "b@x.org", "c@x.org"]);
    assert_eq!(emails("A: a@x.org; B: b@x.org"), ["a@x.org", "b@x.org"]);
    assert_eq!(emails("\"x: y\" <a@x.org>"), ["a@x.org"]);
}

#[test]
fn what_is_no_address_is_refused_and_says_why() {
    for (text, expected) in [
        ("Ann", AddressFault::NoAt),
        ("Lee, Ann <ann@x.org>", AddressFault::NoAt),
        ("Ann ann@x.org", AddressFault::Surplus),
        ("a@x.org b@x.org", AddressFault::Surplus),
        ("a@x.org <b@x.org> c", AddressFault::Surplus),
        ("<a@x.org> <b@x.org>", AddressFault::Surplus),
        ("a@b@x.org", AddressFault::Surplus),
        ("\"Ann <ann@x.org>", AddressFault::Unbalanced),
        ("Ann <ann@x.org", AddressFault::Unbalanced),
        ("Ann (x <ann@x.org>", AddressFault::Unbalanced),
        ("ann@x.org>", AddressFault::Unbalanced),
        ("a@x.org\r\nBcc: b@x.org", AddressFault::Control),
        ("\"a\r\nBcc: b\" <a@x.org>", AddressFault::Control),
        ("<a@x.org\n>", AddressFault::Control),
        ("a\0@x.org", AddressFault::Control),
        ("a\u{200b}@x.org", AddressFault::Invisible),
        ("@x.org", AddressFault::Local),
        ("<>", AddressFault::NoAt),
        ("a[b]@x.org", AddressFault::Local),
        ("a@", AddressFault::Domain),
        ("a@.org", AddressFault::Domain),
        ("a@x..org", AddressFault::Domain),
        ("a@x.org.", AddressFault::Domain),
        ("a@-x.org", AddressFault::Domain),
        ("a@x!y.org", AddressFault::Domain),
        ("a@[300.0.0.1]", AddressFault::Domain),
        ("a@[x.org]", AddressFault::Domain),
        ("mailto:a@x.org?bcc=b@x.org", AddressFault::Link),
        ("<@a,@b:c@x.org>", AddressFault::Surplus),
        ("A: B: a@x.org;", AddressFault::Unbalanced),
    ] {
        assert_eq!(fault(text), expected, "{text:?}");
    }
}

#[test]
fn lengths_are_those_of_rfc_5321() {
    let local = "a".repeat(64);
    let label = "b".repeat(60);
    assert!(parse_recipients(&format!("{local}@x.org")).is_ok());
    assert_eq!(fault(&format!("{local}a@x.org")), AddressFault::LocalTooLong);
    assert_eq!(fault(&format!("{}@x.org", "ü".repeat(33))), AddressFault::LocalTooLong);
    assert_eq!(fault(&format!("a@{}.org", "b".repeat(64))), AddressFault::Domain);
    assert_eq!(fault(&format!("{local}@{label}.{label}.{label}.{label}")), AddressFault::TooLong);
    assert_eq!(wire_address(&format!("{local}@{label}.{label}.{label}.org")).map(|a| a.text.len()), Ok(251));
    assert_eq!(fault(&format!("a@{label}.{label}.{label}.{label}.{label}")), AddressFault::Domain);
    assert_eq!(
        parse_recipients(&"a@x.org,".repeat(1_001)).map(|found| found.len()),
        Err(AddressError::TooMany)
    );
}

#[test]
fn the_wire_has_a_labels_and_says_when_utf8_is_needed() {
    let wire = |email: &str| wire_address(email).map(|wire| (wire.text, wire.needs_utf8));
    for (email, text, needs_utf8) in [
        ("ann@X.org", "ann@x.org", false),
        ("Ann@BÜCHER.example", "Ann@xn--bcher-kva.example", false),
        ("jörg@bücher.example", "jörg@xn--bcher-kva.example", true),
        ("a@例え。テスト", "a@xn--r8jz45g.xn--zckzah", false),
        ("\"a b\"@x.org", "\"a b\"@x.org", false),
        ("\"a\"@x.org", "a@x.org", false),
        ("a@[IPv6:2001:DB8:0::1]", "a@[IPv6:2001:db8::1]", false),
    ] {
        assert_eq!(wire(email), Ok((text.to_owned(), needs_utf8)), "{email}");
    }
    for email in
        ["", "a", "a@b c", "a b@x.org", "a@x.org, b@x.org", "a@x.org\r\n", "Ann <a@x.org>", "a@x.org>"]
    {
        assert!(wire(email).is_err(), "{email:?}");
    }
}

#[test]
fn an_error_names_the_entry_but_little_of_it_and_never_in_logs() {
    let error =
        parse_recipients(&format!("a@x.org, {}\u{202e}, b@x.org", "secret ".repeat(100))).unwrap_err();
    let problem = error.problem();
    assert!(problem.message.contains("`secret secret"), "{problem}");
    assert!(problem.message.chars().count() < 200 && !problem.message.contains('\u{202e}'));
    assert!(problem.hint.contains("Name <name@example.org>"));
    assert!(!format!("{error:?} {error}").contains("secret"));
    let problem = parse_recipients("Ann <a@x.org>, Bob\r\nBcc: c@x.org").unwrap_err().problem();
    assert!(!problem.message.contains(['\r', '\n']), "{problem}");
}

proptest! {
    #[test]
    fn anything_is_read_or_refused_and_what_is_read_can_be_written(text in "[a@.<>\"\\\\(),;: \u{e9}\r\n\\[\\]-]{0,40}|\\PC{0,40}") {
        for address in parse_recipients(&text).unwrap_or_default() {
            prop_assert!(!address.email.chars().any(char::is_control));
            prop_assert!(!address.name.chars().any(char::is_control));
            let wire = wire_address(&address.email);
            prop_assert!(wire.is_ok(), "{:?} of {:?}", address, text);
            // what is written is read as the same
            let again = parse_recipients(&address.email).unwrap();
            prop_assert_eq!(again.into_iter().map(|again| again.email).collect::<Vec<_>>(), [address.email]);
        }
    }
}
