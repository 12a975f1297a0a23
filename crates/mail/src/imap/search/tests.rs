//! No message is lost between a query and what a server is asked.

mod model;
mod property;

use domain::query::{Field, Query, Term};
use time::macros::date;

use self::model::message;
use super::*;

const TODAY: Date = date!(2026 - 11 - 21);
const ASCII: Abilities = Abilities { utf8: false, text_search: true, gmail: false };
const NO_TEXT: Abilities = Abilities { utf8: true, text_search: false, gmail: false };
const GMAIL: Abilities = Abilities { utf8: true, text_search: true, gmail: true };

fn plan_of(query: &str, abilities: Abilities) -> Plan {
    compile(&Query::parse(query, TODAY).unwrap(), abilities, UtcOffset::UTC)
}

fn show(criteria: &[Argument]) -> String {
    let words: Vec<String> = criteria
        .iter()
        .map(|argument| match argument {
            Argument::Atom(name) => name.to_string(),
            Argument::Text(text) => format!("{text:?}"),
            Argument::Label(name) => format!("label {name:?}"),
            Argument::Number(number) => number.to_string(),
            Argument::Date(day) => day.to_string(),
            Argument::Open => "(".to_owned(),
            Argument::Close => ")".to_owned(),
        })
        .collect();
    words.join(" ").replace("( ", "(").replace(" )", ")")
}

fn residual_of(plan: &Plan) -> String {
    plan.residual.as_ref().map(ToString::to_string).unwrap_or_default()
}

#[test]
fn each_condition_becomes_its_search_key() {
    for (query, criteria, residual) in [
        ("", "ALL", ""),
        ("from:ann subject:\"two words\"", "FROM \"ann\" SUBJECT \"two words\"", ""),
        ("to:a cc:b bcc:c body:d", "TO \"a\" CC \"b\" BCC \"c\" BODY \"d\"", ""),
        ("x", "OR OR SUBJECT \"x\" OR FROM \"x\" TO \"x\" OR CC \"x\" OR BCC \"x\" BODY \"x\"", ""),
        ("is:unread -is:starred -is:answered", "UNSEEN NOT FLAGGED NOT ANSWERED", ""),
        ("is:read OR is:draft", "OR SEEN DRAFT", ""),
        ("-(is:read is:draft)", "OR NOT SEEN NOT DRAFT", ""),
        ("larger:2M smaller:1G", "LARGER 2097152 SMALLER 1073741824", ""),
        ("larger:5G", "LARGER 4294967295", "larger:5368709120"),
        ("smaller:5G", "ALL", "smaller:5368709120"),
        ("list:users.rust.org", "HEADER List-Id \"users.rust.org\"", ""),
        ("id:<a@b>", "HEADER Message-ID \"<a@b>\"", ""),
        ("keyword:$Forwarded label:todo", "KEYWORD $Forwarded KEYWORD todo", ""),
        ("keyword:\"a b\"", "ALL", "keyword:\"a b\""),
        ("keyword:\"a)\" is:read", "SEEN", "keyword:\"a)\""),
        ("after:2026-11-21", "SINCE 2026-11-20", "after:2026-11-21"),
        ("before:2026-11-21", "BEFORE 2026-11-22", "before:2026-11-21"),
        ("newer_than:7d", "SINCE 2026-11-13", "newer_than:7d"),
        ("-newer_than:7d", "BEFORE 2026-11-15", "-newer_than:7d"),
        ("-older_than:7d", "SINCE 2026-11-13", "-older_than:7d"),
        ("on:2026-11", "SINCE 2026-10-31 BEFORE 2026-12-02", "on:2026-11"),
        ("-on:2026-11", "OR BEFORE 2026-11-02 SINCE 2026-11-30", "-on:2026-11"),
        ("-on:2026-11-21", "ALL", "-on:2026-11-21"),
        ("has:attachment is:read", "SEEN", "has:attachment"),
        ("filename:pdf OR is:read", "ALL", "filename:pdf OR is:read"),
        ("account:work in:@sent", "ALL", ""),
        ("(in:a OR in:b) is:read", "SEEN", ""),
        ("(in:a OR is:read) is:draft", "DRAFT", "in:a OR is:read"),
        ("-in:a", "ALL", "-in:a"),
        ("(in:a from:b) OR (in:c is:read)", "OR FROM \"b\" SEEN", "(in:a from:b) OR (in:c is:read)"),
        ("(from:a to:b) OR is:read", "OR (FROM \"a\" TO \"b\") SEEN", ""),
        (
            "from:\"Ann Lee <ann@x.org>\"",
            "FROM \"Ann Lee\" FROM \"ann@x.org\"",
            "from:\"Ann Lee <ann@x.org>\"",
        ),
        ("-from:\"Lee, Ann\"", "ALL", "-from:\"Lee, Ann\""),
        ("subject:\" a  b\"", "SUBJECT \"a\" SUBJECT \"b\"", "subject:\" a  b\""),
        ("subject:\"say \\\"hi\\\"\"", "SUBJECT \"say \\\"hi\\\"\"", ""),
    ] {
        let plan = plan_of(query, Abilities::default());
        let shown = residual_of(&plan);
        let residual = if residual.is_empty() {
            String::new()
        } else {
            Query::parse(residual, TODAY).unwrap().expr().unwrap().to_string()
        };
        assert_eq!(
            (show(&plan.criteria), shown, plan.charset),
            (criteria.to_owned(), residual, None),
            "{query}"
        );
    }
}

#[test]
fn text_beyond_ascii_is_sent_as_utf8_or_filtered_here() {
    for text in ["חשבונית", "請求書", "📎", "Müller"] {
        let query = format!("subject:{text} is:unread");
        let plan = plan_of(&query, Abilities::default());
        assert_eq!(show(&plan.criteria), format!("SUBJECT {text:?} UNSEEN"));
        assert_eq!((plan.charset, plan.residual), (Some("UTF-8"), None));

        let plan = plan_of(&query, ASCII);
        assert_eq!((show(&plan.criteria), plan.charset), ("UNSEEN".to_owned(), None));
        assert_eq!(plan.residual, Some(Expr::Term(Term::Text(Field::Subject, text.to_owned()))));
        assert_eq!(plan.cost, Cost::Costly);
    }
    let plan = plan_of("subject:\"Rechnung für Ann\"", ASCII);
    assert_eq!(show(&plan.criteria), "SUBJECT \"Rechnung\" SUBJECT \"Ann\"");
    assert_eq!(residual_of(&plan), "subject:\"Rechnung für Ann\"");
    assert_eq!(plan_of("חשבונית", ASCII).residual_needs, Needs { body: true, ..Needs::default() });
}

#[test]
fn what_answers_a_message_is_asked_of_both_headers_in_windows() {
    let answers = |id: &str| Expr::Term(Term::Answers(id.into()));
    let query = Query::from(Expr::Or(vec![answers("<a@x>"), Expr::Term(Term::MessageId("<b@x>".into()))]));
    let plan = compile(&query, Abilities::default(), UtcOffset::UTC);
    let criteria =
        "OR HEADER References \"<a@x>\" OR HEADER In-Reply-To \"<a@x>\" HEADER Message-ID \"<b@x>\"";
    assert_eq!(show(&plan.criteria), criteria);
    assert_eq!((plan.residual, plan.cost), (None, Cost::Costly));
    let plan = compile(&query, NO_TEXT, UtcOffset::UTC);
    assert_eq!(show(&plan.criteria), "ALL");
    assert_eq!(plan.residual, query.expr().cloned());
}

#[test]
fn a_servers_own_thread_is_asked_for_in_its_own_words() {
    let ask = |id: &str, abilities| {
        let query = Query::from(Expr::Term(Term::Thread(id.into())));
        let plan = compile(&query, abilities, UtcOffset::UTC);
        (show(&plan.criteria), plan.residual.is_some(), plan.cost)
    };
    let gmail = Abilities { gmail: true, ..Abilities::default() };
    assert_eq!(
        ask("1278455344230334865", gmail),
        ("X-GM-THRID 1278455344230334865".into(), false, Cost::Cheap)
    );
    assert_eq!(ask("T64b4", Abilities::default()), ("THREADID T64b4".into(), false, Cost::Cheap));
    // Nothing that a server calls a thread can become another command.
    for (evil, abilities) in
        [("1 ALL", gmail), ("T1 ALL", Abilities::default()), ("\"", Abilities::default())]
    {
        assert_eq!(ask(evil, abilities), ("ALL".into(), true, Cost::Costly), "{evil}");
    }
}

#[test]
fn a_server_that_finds_no_text_is_never_asked_for_text() {
    let plan = plan_of("ann from:x list:l id:<a@b> is:unread keyword:todo", NO_TEXT);
    assert_eq!(show(&plan.criteria), "UNSEEN KEYWORD todo");
    assert_eq!(residual_of(&plan), "(ann from:x list:l id:\"<a@b>\")");
    assert_eq!(plan.residual_needs, Needs { body: true, structure: false, headers: true });
    assert_eq!(plan.cost, Cost::Costly);
}

#[test]
fn gmail_is_asked_for_labels_and_attachments_in_its_own_words() {
    for (query, criteria, residual) in [
        ("label:\"Reise/Süd\"", "X-GM-LABELS label \"Reise/Süd\"", ""),
        ("keyword:todo", "OR X-GM-LABELS label \"todo\" KEYWORD todo", ""),
        (
            "label:inbox",
            "OR X-GM-LABELS label \"inbox\" OR X-GM-LABELS label \"\\\\Inbox\" KEYWORD inbox",
            "",
        ),
        ("-has:attachment", "NOT X-GM-RAW \"has:attachment\"", ""),
        ("filename:a.pdf", "OR X-GM-RAW \"has:attachment\" X-GM-RAW \"filename:a.pdf\"", "filename:a.pdf"),
        ("filename:\"x OR in:trash\"", "X-GM-RAW \"has:attachment\"", "filename:\"x OR in:trash\""),
    ] {
        let plan = plan_of(query, GMAIL);
        assert_eq!((show(&plan.criteria), residual_of(&plan)), (criteria.into(), residual.into()), "{query}");
        assert_eq!(plan.charset, None, "{query}");
    }
}

#[test]
fn bodies_and_rare_headers_and_much_filtering_cost() {
    for (query, cost) in [
        ("", Cost::Cheap),
        ("from:ann subject:x is:unread newer_than:7d id:<a@b>", Cost::Cheap),
        ("x", Cost::Costly),
        ("-body:x", Cost::Costly),
        ("list:x", Cost::Costly),
        ("has:attachment", Cost::Costly),
        ("in:a OR is:read", Cost::Costly),
    ] {
        assert_eq!(plan_of(query, Abilities::default()).cost, cost, "{query}");
    }
}

#[test]
fn long_texts_are_shortened_and_too_many_are_left_to_the_filter() {
    let long = "請".repeat(1_500);
    let plan = plan_of(&format!("subject:{long}"), Abilities::default());
    let [_, Argument::Text(sent)] = plan.criteria.as_slice() else { panic!("{:?}", plan.criteria) };
    assert_eq!(sent.len(), 198);
    assert_eq!(residual_of(&plan), format!("subject:{long}"));

    let many = vec!["abcdefghijklmnopqrstuvwxyz1234"; 60].join(" ");
    let plan = plan_of(&many, Abilities::default());
    let octets: usize = show(&plan.criteria).len();
    assert!((4_000..8_000).contains(&octets), "{octets}");
    let left = Query::from(plan.residual.unwrap()).terms().len();
    assert!((1..60).contains(&left), "{left}");
}

#[test]
fn control_characters_never_reach_the_wire() {
    let evil = "a\r\nb LOGOUT\0c";
    for term in [
        Term::Text(Field::Subject, evil.into()),
        Term::Text(Field::From, evil.into()),
        Term::Text(Field::Any, "\r\n".into()),
        Term::Keyword(evil.into()),
        Term::Label(evil.into()),
        Term::MessageId(format!("<{evil}>")),
        Term::Text(Field::FileName, evil.into()),
    ] {
        for abilities in [Abilities::default(), ASCII, NO_TEXT, GMAIL] {
            let expr = Expr::Term(term.clone());
            let plan = compile(&Query::from(expr.clone()), abilities, UtcOffset::UTC);
            assert_eq!(plan.residual, Some(expr), "{term:?}");
            assert_clean(&plan);
        }
    }
}

#[test]
fn what_is_not_known_decides_nothing_unless_something_else_does() {
    let message = message();
    let unread = Candidate { body: None, attachments: None, ..message.candidate() };
    for (query, answer) in [
        ("body:x", None),
        ("nowhere", None),
        ("hello", Some(true)),
        ("body:x is:draft", Some(false)),
        ("body:x OR subject:HELLO", Some(true)),
        ("-body:x", None),
        ("has:attachment", None),
        ("-filename:pdf is:draft", Some(false)),
        ("from:\"ann lee <ann@x.org>\"", Some(true)),
        ("from:בלה", Some(false)),
        ("in:@inbox account:work", Some(true)),
        ("in:@sent", Some(false)),
        ("in:INBOX in:all", Some(true)),
        ("id:<1@X.ORG>", Some(true)),
        ("keyword:TODO", Some(true)),
        ("on:2026-11-21", Some(true)),
        ("on:2026-11-20", Some(false)),
        ("larger:99 -larger:100 smaller:101", Some(true)),
    ] {
        let expr = Query::parse(query, TODAY).unwrap().expr().unwrap().clone();
        assert_eq!(matches(&expr, &unread), answer, "{query}");
    }
}

#[test]
fn days_begin_where_the_user_is() {
    let message = message();
    let east = Candidate { zone: UtcOffset::from_hms(2, 0, 0).unwrap(), ..message.candidate() };
    let west = Candidate { zone: UtcOffset::from_hms(-9, 0, 0).unwrap(), ..message.candidate() };
    let after = Query::parse("after:2026-11-22", TODAY).unwrap().expr().unwrap().clone();
    assert_eq!(matches(&after, &east), Some(true));
    assert_eq!(matches(&after, &west), Some(false));
}

fn assert_clean(plan: &Plan) {
    let mut is_ascii = true;
    for argument in &plan.criteria {
        match argument {
            Argument::Text(text) => {
                assert!(!text.is_empty() && !text.contains(char::is_control), "{text:?}");
                is_ascii &= text.is_ascii();
            }
            Argument::Label(name) => assert!(!name.contains(char::is_control), "{name:?}"),
            Argument::Atom(name) => {
                let is_plain = |b: u8| b.is_ascii_graphic() && !b"(){%*\"\\]".contains(&b);
                assert!(!name.is_empty() && name.bytes().all(is_plain), "{name:?}");
            }
            Argument::Number(number) => assert!(*number <= u32::MAX.into()),
            Argument::Date(_) | Argument::Open | Argument::Close => {}
        }
    }
    assert_eq!(plan.charset, (!is_ascii).then_some("UTF-8"));
}
