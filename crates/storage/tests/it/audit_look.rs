//! Finding audit rows.

use domain::{Clock as _, GrantId};
use storage::{AuditFilter, NewAuditRow, Store, Went};
use time::Duration;

use crate::{
    audit::{people, row},
    world::World,
};

fn any() -> AuditFilter {
    AuditFilter::default()
}

/// The tools of what is found, and the number before which there is more.
async fn tools(
    store: &Store,
    filter: &AuditFilter,
    before: Option<i64>,
    limit: u32,
) -> (Vec<String>, Option<i64>) {
    let page = store.audit_look("ann", filter, before, limit).await.unwrap();
    (page.rows.into_iter().map(|row| row.row.tool).collect(), page.next)
}

pub(crate) async fn rows_are_found_by_what_they_say_newest_first(world: &World) {
    let store = world.store().await;
    people(&store, &["ann", "bob"]).await;
    let begun = world.clock.now();
    let rows = [
        row(world, "ann", "mail_read"),
        NewAuditRow { outcome: "not_found".to_owned(), ..row(world, "ann", "mail_search") },
        NewAuditRow { grant: GrantId::from_text("gra_2"), ..row(world, "ann", "mail_read") },
        NewAuditRow {
            grant: GrantId::from_text(""),
            door: "page".to_owned(),
            ..row(world, "ann", "sign_in")
        },
    ];
    store.append_audit(&rows).await.unwrap();
    world.clock.forward(86_400);
    let later =
        NewAuditRow { targets: r#"["home/100%_Ä!:7@b"]"#.to_owned(), ..row(world, "ann", "mail_send") };
    store.append_audit(&[later]).await.unwrap();
    let day = begun + Duration::HOUR;
    let text = |text: &str| AuditFilter { text: Some(text.to_owned()), ..any() };
    let grant = |id: &str| AuditFilter { grant: Some(GrantId::from_text(id)), ..any() };
    let tool = |name: &str| AuditFilter { tool: Some(name.to_owned()), ..any() };
    for (filter, found) in [
        (any(), &["mail_send", "sign_in", "mail_read", "mail_search", "mail_read"][..]),
        (grant("gra_2"), &["mail_read"]),
        (grant("gra_3"), &[]),
        (tool("mail_read"), &["mail_read", "mail_read"]),
        (AuditFilter { tool: Some("mail_read".to_owned()), ..grant("gra_1") }, &["mail_read"]),
        (AuditFilter { went: Some(Went::Otherwise), ..any() }, &["mail_search"]),
        (AuditFilter { went: Some(Went::Well), ..grant("gra_1") }, &["mail_send", "mail_read"]),
        (AuditFilter { is_by_person: true, ..any() }, &["sign_in"]),
        (AuditFilter { since: Some(day), ..any() }, &["mail_send"]),
        (AuditFilter { until: Some(day), ..grant("gra_1") }, &["mail_search", "mail_read"]),
        (AuditFilter { since: Some(begun), until: Some(begun), ..any() }, &[]),
        (AuditFilter { since: Some(day + Duration::DAY), ..any() }, &[]),
        (text("HOME/"), &["mail_send"]),
        (text("100%_Ä!:7"), &["mail_send"]),
        (text("1%"), &[]),
        (text("100_"), &[]),
        (text("not_found"), &["mail_search"]),
        (text("\\"), &[]),
    ] {
        assert_eq!(
            tools(&store, &filter, None, 10).await,
            (found.iter().map(|it| (*it).to_owned()).collect(), None),
            "{filter:?}"
        );
    }
}

pub(crate) async fn a_page_goes_on_where_the_last_one_ended_and_misses_nothing(world: &World) {
    let store = world.store().await;
    people(&store, &["ann", "bob"]).await;
    let rows: Vec<_> = (0..25)
        .map(|number| {
            let grant = GrantId::from_text(if number % 2 == 0 { "gra_1" } else { "gra_2" });
            NewAuditRow { grant, ..row(world, "ann", &format!("tool-{number}")) }
        })
        .collect();
    store.append_audit(&rows).await.unwrap();
    for filter in [
        any(),
        AuditFilter { grant: Some(GrantId::from_text("gra_1")), ..any() },
        AuditFilter { went: Some(Went::Well), ..any() },
        AuditFilter { text: Some("TOOL-1".to_owned()), ..any() },
    ] {
        let whole = store.audit_look("ann", &filter, None, 100).await.unwrap().rows;
        assert!(whole.len() > 10 && whole.is_sorted_by_key(|row| -row.seq), "{filter:?}");
        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let page = store.audit_look("ann", &filter, before, 4).await.unwrap();
            assert!(page.rows.len() <= 4 && (page.rows.len() == 4 || page.next.is_none()), "{filter:?}");
            found.extend(page.rows);
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(found, whole, "{filter:?}");
    }
}

pub(crate) async fn of_very_many_rows_a_bounded_number_is_looked_through(world: &World) {
    let store = world.store().await;
    people(&store, &["ann", "bob"]).await;
    let first = NewAuditRow { outcome: "sought".to_owned(), ..row(world, "ann", "first") };
    store.append_audit(&[first]).await.unwrap();
    world.clock.forward(60);
    let many: Vec<_> = (0..1_000).map(|_| row(world, "ann", "mail_read")).collect();
    for _ in 0..20 {
        store.append_audit(&many).await.unwrap();
    }
    let sought = AuditFilter { text: Some("sought".to_owned()), ..any() };
    let mut before = None;
    for next in [10_002, 2] {
        let page = store.audit_look("ann", &sought, before, 50).await.unwrap();
        assert_eq!(
            (page.rows.len(), page.next, page.looked_back_to),
            (0, Some(next), Some(world.clock.now()))
        );
        before = page.next;
    }
    let page = store.audit_look("ann", &sought, before, 50).await.unwrap();
    assert_eq!((page.rows.len(), page.next, page.looked_back_to), (1, None, None));
    // where an index leads to the rows there is nothing to look through
    let tool = AuditFilter { tool: Some("first".to_owned()), ..any() };
    assert_eq!(store.audit_look("ann", &tool, None, 50).await.unwrap().rows.len(), 1);
}

pub(crate) async fn no_row_of_another_user_is_found_whatever_is_asked(world: &World) {
    let store = world.store().await;
    people(&store, &["ann", "bob"]).await;
    store.append_audit(&[row(world, "bob", "mail_read")]).await.unwrap();
    let now = world.clock.now();
    for filter in [
        any(),
        AuditFilter { grant: Some(GrantId::from_text("gra_1")), ..any() },
        AuditFilter { tool: Some("mail_read".to_owned()), ..any() },
        AuditFilter { text: Some("work".to_owned()), ..any() },
        AuditFilter { text: Some("%' OR '1' = '1".to_owned()), ..any() },
        AuditFilter { since: Some(now), ..any() },
    ] {
        let page = store.audit_look("ann", &filter, None, 50).await.unwrap();
        assert!(page.rows.is_empty() && page.next.is_none(), "{filter:?}");
    }
}

pub(crate) async fn what_was_taken_back_is_found_by_its_handle(world: &World) {
    let store = world.store().await;
    people(&store, &["ann", "bob"]).await;
    let handles: Vec<String> = (0..25).map(|number| format!("chg_{number:032x}")).collect();
    let made: Vec<_> = handles
        .iter()
        .map(|undo| NewAuditRow { undo: undo.clone(), ..row(world, "ann", "mail_organize") })
        .collect();
    store.append_audit(&made).await.unwrap();
    let back = |tool: &str, outcome: &str, number: usize, user: &str| NewAuditRow {
        undo: handles[number].clone(),
        outcome: outcome.to_owned(),
        ..row(world, user, tool)
    };
    let rows = [
        back("mail_undo", "ok", 3, "ann"),
        back("undo", "ok", 24, "ann"),
        back("undo", "failed", 5, "ann"),
        back("mail_undo", "not_found", 6, "ann"),
        back("undo", "ok", 7, "bob"),
    ];
    store.append_audit(&rows).await.unwrap();
    let asked: Vec<&str> = handles.iter().map(String::as_str).collect();
    let found = store.audit_reversals("ann", &asked).await.unwrap();
    let found: Vec<_> = found.iter().map(|row| row.row.undo.as_str()).collect();
    assert_eq!(found, [&handles[3], &handles[24]]);
    assert_eq!(store.audit_reversals("ann", &[]).await.unwrap(), []);
    assert_eq!(store.audit_handles("ann", &asked).await.unwrap(), [], "none of them is in the journal");
}
