//! What the query language promises.

use proptest::prelude::*;
use time::{Date, macros::date};

use super::*;

const TODAY: Date = date!(2026 - 11 - 21);

fn read(text: &str) -> Query {
    Query::parse(text, TODAY).unwrap_or_else(|problem| panic!("{text}: {problem} / {}", problem.hint))
}

fn refuse(text: &str) -> Problem {
    let problem = Query::parse(text, TODAY).expect_err(text);
    assert_eq!(problem.code.as_str(), "bad_query", "{text}");
    assert!(!problem.hint.is_empty(), "{text}");
    problem
}

fn only_term(text: &str) -> Term {
    match read(text).expr() {
        Some(Expr::Term(term)) => term.clone(),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn every_operator_of_the_contract_is_read() {
    let text = |field, text: &str| Term::Text(field, text.to_owned());
    let day = |day| Moment { day, age: None };
    let aged = |day, count, unit| Moment { day, age: Some(Age { count, unit }) };
    for (query, term) in [
        ("ann", text(Field::Any, "ann")),
        ("\"two words\"", text(Field::Any, "two words")),
        ("from:ann@example.org", text(Field::From, "ann@example.org")),
        ("TO:bob", text(Field::To, "bob")),
        ("cc:x", text(Field::Cc, "x")),
        ("subject:\"two words\"", text(Field::Subject, "two words")),
        ("body:חשבונית", text(Field::Body, "חשבונית")),
        ("filename:a.pdf", text(Field::FileName, "a.pdf")),
        ("list:users.rust.org", text(Field::List, "users.rust.org")),
        ("account:Work", Term::Account("work".parse().unwrap())),
        ("in:@sent", Term::Folder(FolderArg::Role(crate::Role::Sent))),
        ("in:\"Sent Items\"", Term::Folder(FolderArg::parse("Sent Items"))),
        ("label:travel", Term::Label("travel".into())),
        ("has:attachment", Term::HasAttachment),
        ("is:unread", Term::Is(State::Unread)),
        ("is:read", Term::Is(State::Read)),
        ("is:starred", Term::Is(State::Starred)),
        ("is:answered", Term::Is(State::Answered)),
        ("is:draft", Term::Is(State::Draft)),
        ("after:2026-11-21", Term::After(day(TODAY))),
        ("after:2026/11/01", Term::After(day(date!(2026 - 11 - 01)))),
        ("before:2026-11", Term::Before(day(date!(2026 - 11 - 01)))),
        ("before:2026", Term::Before(day(date!(2026 - 01 - 01)))),
        ("on:2026-02", Term::On(Period { first: date!(2026 - 02 - 01), span: Span::Month })),
        ("newer_than:7d", Term::After(aged(date!(2026 - 11 - 14), 7, AgeUnit::Days))),
        ("older_than:2w", Term::Before(aged(date!(2026 - 11 - 07), 2, AgeUnit::Weeks))),
        ("older_than:9m", Term::Before(aged(date!(2026 - 02 - 21), 9, AgeUnit::Months))),
        ("newer_than:1y", Term::After(aged(date!(2025 - 11 - 21), 1, AgeUnit::Years))),
        ("larger:2M", Term::Larger(2 * 1024 * 1024)),
        ("smaller:500k", Term::Smaller(500 * 1024)),
        ("larger:1G", Term::Larger(1 << 30)),
        ("larger:17", Term::Larger(17)),
        ("keyword:$Forwarded", Term::Keyword("$Forwarded".into())),
        ("id:<a(b@x.org>", Term::MessageId("<a(b@x.org>".into())),
        ("id:a@x.org", Term::MessageId("<a@x.org>".into())),
    ] {
        assert_eq!(only_term(query), term, "{query}");
    }
}

#[test]
fn a_month_ago_is_the_last_day_of_a_shorter_month() {
    let query = Query::parse("newer_than:1m", date!(2024 - 03 - 31)).unwrap();
    let Some(Expr::Term(Term::After(moment))) = query.expr() else { panic!("{query:?}") };
    assert_eq!(moment.day, date!(2024 - 02 - 29));
}

#[test]
fn a_period_ends_before_the_next_one() {
    for (query, inside, outside) in [
        ("on:2026-12", date!(2026 - 12 - 31), date!(2027 - 01 - 01)),
        ("on:2024-02", date!(2024 - 02 - 29), date!(2024 - 03 - 01)),
        ("on:2026", date!(2026 - 12 - 31), date!(2027 - 01 - 01)),
        ("on:2026-12-31", date!(2026 - 12 - 31), date!(2027 - 01 - 01)),
    ] {
        let Term::On(period) = only_term(query) else { panic!("{query}") };
        assert!(period.contains(inside) && !period.contains(outside), "{query}");
        assert_eq!(period.next(), outside, "{query}");
    }
}

#[test]
fn or_binds_its_neighbours_and_explicit_and_binds_tighter() {
    for (written, canonical) in [
        ("a b OR c", "a (b OR c)"),
        ("a OR b c", "(a OR b) c"),
        ("a AND b OR c", "(a b) OR c"),
        ("(a b) OR c", "(a b) OR c"),
        ("-a -(b c)", "-a -(b c)"),
        ("NOT a NOT (b OR c)", "-a -(b OR c)"),
        ("--a", "a"),
        ("-(-a)", "a"),
        ("((a))", "a"),
        ("(a b) c", "a b c"),
        ("a OR (b OR c)", "a OR b OR c"),
        ("from:(ann OR bob)", "from:ann OR from:bob"),
        ("subject:(a -b)", "subject:a -subject:b"),
        ("-from:(ann OR bob) x", "-(from:ann OR from:bob) x"),
        ("newer_than:07d", "newer_than:7d"),
        ("after:2026", "after:2026-01-01"),
        ("larger:2M", "larger:2097152"),
        ("or and not", "or and not"),
        ("\"OR\" \"-x\"", "\"OR\" \"-x\""),
        ("ORDER ANDY NOTE", "ORDER ANDY NOTE"),
        ("f(x) a(b)c", "\"f(x)\" \"a(b)c\""),
        ("a - b", "a \"-\" b"),
        ("\"say \\\"hi\\\" C:\\\\x \\d\"", "\"say \\\"hi\\\" C:\\\\x \\\\d\""),
        ("  ", ""),
        ("a\r\nb\tc\u{3000}d", "a b c d"),
        ("\"a\r\nb\"", "\"a  b\""),
    ] {
        assert_eq!(read(written).to_string(), canonical, "{written}");
    }
}

#[test]
fn a_colon_that_belongs_to_text_is_text() {
    for text in [
        "https://example.org/a?b=c",
        "10:30",
        "Re:",
        "Re:x",
        "mailto:ann@example.org",
        "C:\\temp",
        "std::fmt",
        "件名:x",
        "::1",
        "a@b:c",
        "\"form:ann\"",
    ] {
        let text_of = |text: &str| text.trim_matches('"').to_owned();
        assert_eq!(only_term(text), Term::Text(Field::Any, text_of(text)), "{text}");
    }
    assert_eq!(read("Re: invoice").to_string(), "\"Re:\" invoice");
}

#[test]
fn an_unknown_operator_names_the_known_ones_and_the_nearest() {
    for (query, near) in [
        ("form:ann", "from:"),
        ("form: ann", "from:"),
        ("x -fron:ann", "from:"),
        ("subjet:x", "subject:"),
        ("sender:x", "from:"),
        ("newer-than:7d", "newer_than:"),
        ("folder:x", "in:"),
        ("List-Id:x", "list:"),
        ("rfc822msgid:x", "id:"),
        ("form:(a OR b)", "from:"),
    ] {
        let problem = refuse(query);
        assert!(problem.message.contains("unknown operator"), "{problem}");
        assert!(problem.hint.starts_with(&format!("Did you mean `{near}`?")), "{query}: {}", problem.hint);
        for operator in "from: to: cc: subject: body: filename: list: account: in: label: has: is: after: \
                         before: on: newer_than: older_than: larger: smaller: keyword: id:"
            .split_whitespace()
        {
            assert!(problem.hint.contains(&format!(" {operator}")), "{operator}");
        }
    }
    assert!(!refuse("zzzzzzzz:ann").hint.contains("Did you mean"));
}

#[test]
fn what_cannot_be_read_is_refused_with_its_position() {
    for (query, position, says) in [
        ("ab \"cd", 4, "not closed"),
        ("a (b", 3, "without its `)`"),
        ("a b)", 4, "without its `(`"),
        ("()", 2, "missing before `)`"),
        ("a OR", 5, "missing at the end"),
        ("OR a", 1, "`OR` without"),
        ("a OR OR b", 6, "`OR` without"),
        ("(a OR)", 6, "missing before `)`"),
        ("a NOT", 6, "missing at the end"),
        ("from:", 1, "without a value"),
        ("x from: ann", 3, "without a value"),
        ("subject:\"\"", 1, "without a value"),
        ("\" \"", 1, "nothing between"),
        ("a\"b", 2, "middle of a word"),
        ("after:yesterday", 1, "takes a date"),
        ("after:2026-02-30", 1, "takes a date"),
        ("on:2026-13", 1, "takes a date"),
        ("on:0000", 1, "takes a date"),
        ("on:2026-1/2", 1, "takes a date"),
        ("newer_than:7", 1, "takes a number"),
        ("newer_than:d", 1, "takes a number"),
        ("newer_than:ü", 1, "takes a number"),
        ("older_than:4000000000y", 1, "takes an age"),
        ("older_than:99999999999d", 1, "takes a number"),
        ("larger:big", 1, "takes octets"),
        ("larger:-1", 1, "takes octets"),
        ("larger:99999999999999999999", 1, "takes octets"),
        ("larger:18446744073709551615G", 1, "takes octets"),
        ("is:purple", 1, "unread, read, starred, answered, draft"),
        ("has:wings", 1, "`attachment`"),
        ("account:all", 1, "name of an account"),
        ("id:<>", 1, "Message-ID"),
        ("from:(subject:x)", 7, "inside the group"),
        ("a\0b", 2, "control character"),
        ("a \"\u{7f}\"", 4, "control character"),
    ] {
        let problem = refuse(query);
        assert!(problem.message.contains(&format!("character {position}:")), "{query}: {problem}");
        assert!(problem.message.contains(says), "{query}: {problem}");
    }
    assert!(refuse("after:soon").hint.contains("after:2026-11-21"));
}

#[test]
fn length_terms_and_depth_are_bounded() {
    let longest = "x".repeat(MAX_CHARS);
    assert_eq!(only_term(&longest), Term::Text(Field::Any, longest.clone()));
    assert!(refuse(&"ü".repeat(MAX_CHARS + 1)).message.contains("longer than"));

    let most = vec!["a"; MAX_TERMS].join(" ");
    assert_eq!(read(&most).terms().len(), MAX_TERMS);
    assert!(refuse(&format!("{most} a")).message.contains("more than 64 terms"));
    assert!(refuse(&format!("from:({most} a)")).message.contains("more than 64 terms"));

    let nested = |levels: usize| format!("{}a{}", "(".repeat(levels), ")".repeat(levels));
    assert_eq!(read(&nested(MAX_DEPTH)).to_string(), "a");
    assert!(refuse(&nested(MAX_DEPTH + 1)).message.contains("groups in each other"));
    assert!(refuse(&"(".repeat(MAX_CHARS)).message.contains("groups in each other"));
    assert_eq!(read(&format!("{}a", "-".repeat(MAX_CHARS - 1))).to_string(), "-a");
    assert!(refuse(&"NOT ".repeat(400)).message.contains("missing at the end"));
}

#[test]
fn the_accounts_and_folders_a_query_is_limited_to_are_seen() {
    let query =
        read("account:work (account:home OR account:work) in:@sent (in:a OR in:b) x -in:c (in:d OR y)");
    let accounts: Vec<Vec<&str>> =
        query.accounts().iter().map(|any| any.iter().map(|name| name.as_str()).collect()).collect();
    assert_eq!(accounts, [vec!["work"], vec!["home", "work"]]);
    let names =
        |folders: &[&FolderArg]| folders.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let folders: Vec<String> = query.folders().iter().map(|any| names(any)).collect();
    assert_eq!(folders, ["@sent", "a b"]);
    assert_eq!(names(&query.named_folders()), "@sent a b d");

    assert!(read("").accounts().is_empty() && read("").folders().is_empty());
    assert_eq!(read("in:@junk").folders().len(), 1);
    assert_eq!(read("in:@junk OR in:@trash").folders().len(), 1);
    assert!(read("in:@junk OR x").folders().is_empty());
}

#[test]
fn without_the_body_a_bare_word_matches_subject_and_addresses() {
    let query = read("-\"a b\" (x OR is:read)");
    assert!(query.needs_body() && !query.has_body_terms());
    let narrowed = query.without_body();
    assert!(!narrowed.needs_body());
    let first = "-(subject:\"a b\" OR from:\"a b\" OR to:\"a b\" OR cc:\"a b\" OR bcc:\"a b\")";
    let second = "(subject:x OR from:x OR to:x OR cc:x OR bcc:x OR is:read)";
    assert_eq!(narrowed.to_string(), format!("{first} {second}"));

    assert!(read("x body:y").has_body_terms());
    assert!(!read("from:x is:read").needs_body());
    assert!(read("").without_body().is_empty());
}

#[test]
fn the_texts_that_matches_contain_leave_out_what_is_negated() {
    assert_eq!(read("a -b from:c -(d -e) filename:f in:g").text_terms(), ["a", "c", "e"]);
}

#[test]
fn a_condition_can_be_added() {
    let limit = || Expr::Term(Term::Larger(1));
    assert_eq!(read("").and(limit()).to_string(), "larger:1");
    assert_eq!(read("a b").and(limit()).to_string(), "a b larger:1");
    assert_eq!(read("a OR b").and(limit()).to_string(), "(a OR b) larger:1");
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,6}",
        prop::sample::select(vec![
            "OR",
            "NOT",
            "-x",
            "חשבונית",
            "請求書",
            "📎",
            "a\"b",
            "c\\",
            "\\\"",
            "x:y",
            "(",
            "<a>"
        ])
        .prop_map(str::to_owned),
        "[\\PC&&[^\\s]]{1,8}",
        "[a-z]{1,3} [\\PC&&[^\\s]]{1,3}",
    ]
}

fn any_term() -> impl Strategy<Value = Term> {
    let field = prop::sample::select(vec![
        Field::Any,
        Field::From,
        Field::To,
        Field::Cc,
        Field::Bcc,
        Field::Subject,
        Field::Body,
        Field::FileName,
        Field::List,
    ]);
    let state =
        prop::sample::select(vec![State::Unread, State::Read, State::Starred, State::Answered, State::Draft]);
    let first = (1900_i32..=9998, 1_u8..=12, 1_u8..=28).prop_map(|(year, month, day)| {
        Date::from_calendar_date(year, time::Month::try_from(month).unwrap(), day).unwrap()
    });
    let units = vec![AgeUnit::Days, AgeUnit::Weeks, AgeUnit::Months, AgeUnit::Years];
    let moment = prop_oneof![
        first.clone().prop_map(|day| Moment { day, age: None }),
        (0_u32..=100, prop::sample::select(units)).prop_map(|(count, unit)| {
            let age = Age { count, unit };
            Moment { day: age.before(TODAY).unwrap(), age: Some(age) }
        }),
    ];
    let period = prop_oneof![
        first.clone().prop_map(|first| Period { first, span: Span::Day }),
        first.clone().prop_map(|day| Period { first: day.replace_day(1).unwrap(), span: Span::Month }),
        first.prop_map(|day| Period { first: day.replace_ordinal(1).unwrap(), span: Span::Year }),
    ];
    prop_oneof![
        8 => (field, any_text()).prop_map(|(field, text)| Term::Text(field, text)),
        1 => "[a-z0-9_-]{1,8}".prop_filter_map("no name", |name| name.parse().ok()).prop_map(Term::Account),
        1 => any_text().prop_map(|text| Term::Folder(FolderArg::parse(&text))),
        1 => any_text().prop_map(Term::Label),
        1 => any_text().prop_map(Term::Keyword),
        1 => "[!-;=?-~]{1,8}".prop_map(|id| Term::MessageId(format!("<{id}>"))),
        1 => Just(Term::HasAttachment),
        1 => state.prop_map(Term::Is),
        1 => moment.clone().prop_map(Term::After),
        1 => moment.prop_map(Term::Before),
        1 => period.prop_map(Term::On),
        1 => any::<u64>().prop_map(Term::Larger),
        1 => any::<u64>().prop_map(Term::Smaller),
    ]
}

fn any_query() -> impl Strategy<Value = Query> {
    let leaf = any_term().prop_map(Expr::Term);
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::all),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::any),
            inner.prop_map(Expr::negated),
        ]
    })
    .prop_map(Query::from)
}

proptest! {
    #[test]
    fn every_query_comes_back_from_its_canonical_text(query in any_query()) {
        let text = query.to_string();
        prop_assume!(text.chars().count() <= MAX_CHARS && query.terms().len() <= MAX_TERMS);
        let again = Query::parse(&text, TODAY);
        prop_assert_eq!(again, Ok(query), "{}", text);
    }

    #[test]
    fn any_text_is_read_or_refused_and_what_is_read_comes_back(text in "[ab:()\"\\\\ <>ORNOTAND\\-\r\n\u{5d0}]{0,40}|.{0,60}") {
        match Query::parse(&text, TODAY) {
            Ok(query) => prop_assert_eq!(Query::parse(&query.to_string(), TODAY), Ok(query)),
            Err(problem) => prop_assert_eq!(problem.code, crate::Code::BadQuery),
        }
    }
}
