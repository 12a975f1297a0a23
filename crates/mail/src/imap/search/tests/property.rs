//! Random queries over random messages.

use domain::{
    Envelope, Flag, FolderArg, GmailIds,
    query::{Age, AgeUnit, Field, Moment, Period, Query, Span, State, Term},
};
use proptest::{prelude::*, sample::select};
use time::{OffsetDateTime, macros::datetime};

use super::{
    super::*,
    ASCII, GMAIL, NO_TEXT, TODAY, assert_clean,
    model::{Message, Server, address, message},
    show,
};

const WORDS: &[&str] = &[
    "ann",
    "Ann",
    "LEE",
    "ann@x.org",
    "x.org",
    "חשבונית",
    "請求書",
    "求",
    "📎",
    "Müller",
    "ÜL",
    "Σίσυφος",
    "ΣΊΣΥΦΟΣ",
    "a\"b",
    "c\\d",
    "Lee,",
    "(x)",
    "<ann@x.org>",
    "OR",
    "a",
    "todo",
    "inbox",
    "İ",
];

/// One to three words, perhaps cut in the middle, with odd spaces now and then.
fn any_text() -> impl Strategy<Value = String> {
    let between = select(vec![" ", " ", " ", "  ", ""]);
    (select(WORDS), prop::option::of((between, select(WORDS))), 0_usize..3).prop_map(
        |(first, second, cut)| {
            let text = second
                .map_or_else(|| first.to_owned(), |(between, second)| format!("{first}{between}{second}"));
            let cut_text: String = text.chars().skip(cut).collect();
            if cut_text.trim().is_empty() { text } else { cut_text }
        },
    )
}

fn any_day() -> impl Strategy<Value = Date> {
    (0_i64..8).prop_map(|days| TODAY - time::Duration::days(days))
}

fn any_term() -> impl Strategy<Value = Term> {
    let fields = vec![
        Field::Any,
        Field::From,
        Field::To,
        Field::Cc,
        Field::Bcc,
        Field::Subject,
        Field::Body,
        Field::FileName,
        Field::List,
    ];
    let state = select(vec![State::Unread, State::Read, State::Starred, State::Answered, State::Draft]);
    let moment =
        || any_day().prop_map(|day| Moment { day, age: Some(Age { count: 1, unit: AgeUnit::Days }) });
    let spans = select(vec![Span::Day, Span::Month]);
    let folders = select(vec!["@inbox", "@sent", "todo", "all"]);
    let huge = u64::from(u32::MAX);
    let size = select(vec![0, 10, 11, huge - 1, huge, huge + 1, u64::MAX]);
    prop_oneof![
        8 => (select(fields), any_text()).prop_map(|(field, text)| Term::Text(field, text)),
        1 => select(vec!["work", "home"]).prop_map(|name| Term::Account(name.parse().unwrap())),
        1 => folders.prop_map(|folder| Term::Folder(FolderArg::parse(folder))),
        1 => any_text().prop_map(Term::Label),
        1 => any_text().prop_map(Term::Keyword),
        1 => select(vec!["<1@x.org>", "<2@x.org>", "<1@X.ORG>"]).prop_map(|id| Term::MessageId(id.into())),
        1 => select(vec!["<1@x.org>", "<3@x.org>"]).prop_map(|id| Term::Answers(id.into())),
        1 => Just(Term::HasAttachment),
        1 => state.prop_map(Term::Is),
        1 => moment().prop_map(Term::After),
        1 => moment().prop_map(Term::Before),
        1 => (any_day(), spans).prop_map(|(first, span)| Term::On(Period { first, span })),
        1 => size.clone().prop_map(Term::Larger),
        1 => size.prop_map(Term::Smaller),
    ]
}

fn any_query() -> impl Strategy<Value = Query> {
    any_term()
        .prop_map(Expr::Term)
        .prop_recursive(4, 16, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::all),
                prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::any),
                inner.prop_map(Expr::negated),
            ]
        })
        .prop_map(Query::from)
}

fn any_zone() -> impl Strategy<Value = UtcOffset> {
    (-12_i8..=14).prop_map(|hours| UtcOffset::from_hms(hours, 0, 0).unwrap())
}

fn any_message(is_gmail: bool) -> impl Strategy<Value = Message> {
    let addresses = || {
        let name = prop_oneof![Just(String::new()), any_text().prop_map(|name| name.trim().to_owned())];
        let email = select(vec!["ann@x.org", "müller@x.org", "求@例え.jp", "lee@y.net"]);
        prop::collection::vec((name, email).prop_map(|(name, email)| address(&name, email)), 0..3)
    };
    let envelope = (
        any_text(),
        (addresses(), addresses(), addresses(), addresses()),
        select(vec![None, Some("<1@x.org>"), Some("<2@x.org>")]),
    );
    let envelope = envelope.prop_map(|(subject, (from, to, cc, bcc), id)| Envelope {
        subject,
        from,
        to,
        cc,
        bcc,
        message_id: id.map(str::to_owned),
        in_reply_to: if id.is_none() { vec!["<3@x.org>".to_owned()] } else { Vec::new() },
        ..Envelope::default()
    });
    let keywords = select(vec!["todo", "ToDo", "ann", "inbox"]).prop_map(|name| Flag::Keyword(name.into()));
    let system = select(vec![Flag::Seen, Flag::Flagged, Flag::Answered, Flag::Draft]);
    let flags = prop::collection::vec(prop_oneof![system, keywords], 0..4);
    let minutes =
        (0_i64..9 * 24 * 60).prop_map(|ago| datetime!(2026-11-22 12:00 UTC) - time::Duration::minutes(ago));
    let size = select(vec![9_u64, 10, 11, 12, u32::MAX.into(), 1 << 33]);
    let labels = prop::collection::vec(prop_oneof![any_text(), Just("\\Inbox".to_owned())], 0..3);
    let list_id = prop::option::of(select(vec!["ann", "x.org", "users.x.org"]).prop_map(str::to_owned));
    let summary = (envelope, flags, minutes, size, labels, list_id).prop_map(
        move |(envelope, flags, received, size, labels, list_id): (_, _, OffsetDateTime, _, _, _)| Summary {
            flags,
            received,
            size,
            references: if size == 9 { vec!["<1@x.org>".to_owned()] } else { Vec::new() },
            envelope,
            list_id,
            gmail: is_gmail.then_some(GmailIds { message: 1, thread: 1, labels }),
            ..message().summary
        },
    );
    // images inside the text are no attachments to Gmail: the known exception
    let file = (any_text(), any::<bool>()).prop_map(move |(name, is_inline)| Attachment {
        index: 1,
        path: "2".parse().unwrap(),
        name,
        media_type: "text/plain".into(),
        size: 1,
        is_inline: is_inline && !is_gmail,
    });
    let place = select(vec![("INBOX", Some(Role::Inbox)), ("Sent", Some(Role::Sent)), ("todo", None)]);
    let body = prop::collection::vec(any_text(), 0..4).prop_map(|texts| texts.join("\n"));
    let files = prop::collection::vec(file, 0..2);
    let account = select(vec!["work", "home"]);
    (summary, body, files, account, place, any_zone(), any_zone()).prop_map(
        |(summary, body, attachments, account, (folder, role), zone, server_zone)| Message {
            summary,
            body,
            attachments,
            account: account.parse().unwrap(),
            folder_names: vec![FolderName::from_agent(folder)],
            role,
            zone,
            server_zone,
        },
    )
}

fn any_case() -> impl Strategy<Value = (Abilities, Message)> {
    select(vec![Abilities::default(), ASCII, NO_TEXT, GMAIL])
        .prop_flat_map(|abilities| (Just(abilities), any_message(abilities.gmail)))
}

/// Whether the message is where the query's own accounts and folders say: what the engine sees to.
fn is_in_place(query: &Query, candidate: &Candidate<'_>) -> bool {
    let is_there = |term: Term| matches(&Expr::Term(term), candidate) == Some(true);
    let accounts =
        query.accounts().iter().all(|any| any.iter().any(|name| is_there(Term::Account((*name).clone()))));
    let folders =
        query.folders().iter().all(|any| any.iter().any(|folder| is_there(Term::Folder((*folder).clone()))));
    accounts && folders
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn criteria_lose_nothing_and_with_the_residual_they_are_the_query(
        query in any_query(), (abilities, message) in any_case(),
    ) {
        let candidate = message.candidate();
        prop_assume!(is_in_place(&query, &candidate));
        let plan = compile(&query, abilities, message.zone);
        assert_clean(&plan);
        if !abilities.utf8 {
            prop_assert_eq!(plan.charset, None);
        }
        let is_match = matches(query.expr().unwrap(), &candidate).expect("everything is known");
        let is_selected = Server::selects(&message, &plan.criteria);
        prop_assert!(is_selected || !is_match, "lost by {}", show(&plan.criteria));

        let needs = plan.residual_needs;
        let mut known = candidate;
        known.body = known.body.filter(|_| needs.body);
        known.attachments = known.attachments.filter(|_| needs.structure);
        let mut summary = message.summary.clone();
        summary.list_id = summary.list_id.filter(|_| needs.headers);
        known.summary = &summary;
        let is_kept = plan.residual.as_ref().is_none_or(|residual| {
            matches(residual, &known).expect("what is needed is enough")
        });
        prop_assert_eq!(is_selected && is_kept, is_match, "{} then {:?}", show(&plan.criteria), plan.residual);
    }

    #[test]
    fn a_message_is_found_by_any_piece_of_itself(
        (abilities, message) in any_case(), start in 0_usize..6, length in 1_usize..20,
    ) {
        let piece: String = message.summary.envelope.subject.chars().skip(start).take(length).collect();
        if piece.trim().is_empty() {
            return Ok(());
        }
        for text in [piece.clone(), piece.to_uppercase()] {
            let query = Query::from(Expr::Term(Term::Text(Field::Any, text)));
            if matches(query.expr().unwrap(), &message.candidate()) == Some(true) {
                let plan = compile(&query, abilities, message.zone);
                prop_assert!(Server::selects(&message, &plan.criteria), "{}", show(&plan.criteria));
            } else {
                prop_assert!(piece.to_uppercase().to_lowercase() != piece.to_lowercase(), "{}", piece);
            }
        }
    }

    #[test]
    fn a_sender_is_found_by_any_piece_of_how_it_is_shown(
        name in any_text(), email in select(vec!["ann@x.org", "müller@x.org"]), start in 0_usize..12, length in 1_usize..20,
        is_utf8: bool,
    ) {
        let sender = address(name.trim(), email);
        let piece: String = sender.to_string().chars().skip(start).take(length).collect();
        if piece.trim().is_empty() {
            return Ok(());
        }
        let envelope = Envelope { from: vec![address("", "x@y"), sender], ..Envelope::default() };
        let message = Message { summary: Summary { envelope, ..message().summary }, ..message() };
        let query = Query::from(Expr::Term(Term::Text(Field::From, piece)));
        let plan = compile(&query, Abilities { utf8: is_utf8, ..Abilities::default() }, UtcOffset::UTC);
        prop_assert_eq!(matches(query.expr().unwrap(), &message.candidate()), Some(true));
        prop_assert!(Server::selects(&message, &plan.criteria), "lost by {}", show(&plan.criteria));
    }
}

#[test]
fn no_time_zone_loses_a_day() {
    let moment = Moment { day: TODAY, age: None };
    let terms =
        [Term::After(moment), Term::Before(moment), Term::On(Period { first: TODAY, span: Span::Month })];
    let zones = [-12, -11, -10, -5, 0, 2, 12, 13, 14].map(|hours| UtcOffset::from_hms(hours, 0, 0).unwrap());
    for (zone, server_zone) in zones.into_iter().flat_map(|zone| zones.map(|other| (zone, other))) {
        for (term, is_negated) in terms.iter().flat_map(|term| [(term, false), (term, true)]) {
            let expr = Expr::Term(term.clone());
            let expr = if is_negated { expr.negated() } else { expr };
            let plan = compile(&Query::from(expr.clone()), Abilities::default(), zone);
            assert_eq!(plan.residual.as_ref(), Some(&expr));
            for half_hours in -120..120 {
                let received = TODAY.midnight().assume_utc() + time::Duration::minutes(30 * half_hours);
                let summary = Summary { received, ..message().summary };
                let message = Message { summary, zone, server_zone, ..message() };
                let is_match = matches(&expr, &message.candidate()) == Some(true);
                let is_selected = Server::selects(&message, &plan.criteria);
                assert!(is_selected || !is_match, "{expr} {received} {zone} {server_zone}");
            }
        }
    }
}
