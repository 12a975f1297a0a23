//! The page of activity: what it shows, finds, gives along and deletes, and that it is the person's alone.

use access::{Ceiling, Recorded};
use axum::http::StatusCode;
use domain::{ApprovalRule, GrantId, Principal, Scopes};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use time::Duration;

use crate::world::{PASSWORD, Page, Surfer, World};

async fn scene() -> (World, Surfer, Principal) {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    let agent = agent_of(&world, &mut ann, "ann", "Claude <i>").await;
    (world, ann, agent)
}

/// An agent that was let in, as it calls.
async fn agent_of(world: &World, surfer: &mut Surfer, user: &str, name: &str) -> Principal {
    world.mailbox(user, "work").await;
    let path = world.let_in(surfer, name, &["mail:read", "mail:send"]).await;
    let grant = GrantId::from_text(path.strip_prefix("/agents/").unwrap());
    let ceiling = Ceiling { scopes: Scopes::all(), approval: ApprovalRule::default() };
    world.access.standing_of(&grant, user, ceiling).await.unwrap()
}

async fn call(world: &World, agent: &Principal, tool: &str, targets: &[&str], outcome: &str) {
    let targets: Vec<String> = targets.iter().map(|target| (*target).to_owned()).collect();
    let octets = (outcome == "ok").then_some(1_250);
    let call = Recorded { tool, targets: &targets, outcome, octets, undo: "" };
    world.access.audit().record_call(agent, call).await;
    world.access.flush().await;
}

/// How many entries a page shows.
fn entries(page: &Page) -> usize {
    page.html.matches("<li id=\"e").count()
}

#[tokio::test]
async fn what_agents_did_and_what_the_person_did_is_shown_newest_first_in_words() {
    let (world, mut ann, agent) = scene().await;
    call(&world, &agent, "mail_read", &["work/@inbox:7@a", "work/@inbox:8@a"], "ok").await;
    world.pass(Duration::days(1));
    call(&world, &agent, "mail_send", &["<script>alert(1)</script>"], "recipient_not_allowed").await;
    let page = ann.get("/activity").await;
    assert_eq!(page.status, StatusCode::OK);
    for text in [
        "read mail · 2 messages",
        "1.2 kB",
        "recipient not allowed",
        "Claude &#60;i&#62;",
        "<strong>You</strong> signed in",
        "&#60;script&#62;alert(1)&#60;/script&#62;",
        "<h2>Today</h2>",
        "<h2>Yesterday</h2>",
        "<code>mail_read</code>",
        "personal token",
    ] {
        assert!(page.says(text), "{text}: {}", page.html);
    }
    assert!(page.html.find("asked to send mail").unwrap() < page.html.find("read mail ·").unwrap());
    assert!(!page.says("<script>alert") && !page.says("Claude <i>") && !page.says(" style="));
    // calls and what left, drawn and in numbers
    assert!(page.says("<svg class=\"chart calls\"") && page.says("1 call, 0 sent"), "{}", page.html);
    assert!(ann.get("/activity?span=month").await.says("2 calls, 0 sent"));
}

#[tokio::test]
async fn entries_are_found_by_agent_tool_outcome_day_and_text() {
    let (world, mut ann, agent) = scene().await;
    call(&world, &agent, "mail_read", &["work/@inbox:7@a"], "ok").await;
    world.pass(Duration::days(2));
    call(&world, &agent, "mail_search", &[], "bad_query").await;
    let id = agent.grant.as_str();
    for (query, count) in [
        ("tool=mail_read".to_owned(), 1),
        (format!("agent={id}&outcome=failed"), 1),
        (format!("agent={id}&outcome=worked&tool=mail_read"), 1),
        ("outcome=failed&text=BAD_".to_owned(), 1),
        ("text=%25".to_owned(), 0),
        ("text=inbox%3A7".to_owned(), 1),
        ("agent=gra_00000000000000000000000000000000".to_owned(), 0),
        ("from=2027-01-17&tool=mail_search".to_owned(), 1),
        ("to=2027-01-16&tool=mail_search".to_owned(), 0),
        ("tool=%27%20OR%201%3D1".to_owned(), 0),
    ] {
        let page = ann.get(&format!("/activity?{query}")).await;
        assert_eq!((page.status, entries(&page)), (StatusCode::OK, count), "{query}");
    }
    let by_her = ann.get("/activity?agent=you").await;
    assert!(by_her.says("signed in") && !by_her.says("mail_read</code>"));
    let none = ann.get("/activity?text=nothing").await;
    assert!(none.says("Nothing of that kind") && none.says("value=\"nothing\""));
}

#[tokio::test]
async fn fifty_entries_are_a_page_and_the_next_goes_on_behind_them() {
    let (world, mut ann, agent) = scene().await;
    let targets: Vec<String> = (1..=10).map(|uid| format!("work/@inbox:{uid}@k2x9")).collect();
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    for _ in 0..70 {
        call(&world, &agent, "mail_read", &targets, "ok").await;
    }
    let page = ann.get("/activity").await;
    assert_eq!(entries(&page), 50);
    let (_, older) = page.html.split_once("href=\"/activity?before=").unwrap();
    let before = older.split('"').next().unwrap();
    let next = ann.get(&format!("/activity?before={before}")).await;
    assert!(entries(&next) > 20 && next.says(&format!("<li id=\"e{}\"", before.parse::<i64>().unwrap() - 1)));
    assert!(!next.says("<svg") && !next.says(&format!("<li id=\"e{before}\"")));
}

#[tokio::test]
async fn nothing_of_another_person_is_shown_given_along_or_taken_back() {
    let (world, mut ann, agent) = scene().await;
    let handle = "chg_00000000000000000000000000000007";
    let call_of = Recorded { tool: "mail_organize", outcome: "ok", undo: handle, ..Recorded::default() };
    world.access.audit().record_call(&agent, call_of).await;
    world.access.flush().await;
    let mut bob = world.person("bob").await;
    let grant = agent.grant.as_str();
    for path in [
        "/activity".to_owned(),
        format!("/activity?agent={grant}"),
        "/activity?tool=mail_organize".to_owned(),
        format!("/activity?text={handle}"),
        format!("/activity/export?agent={grant}"),
        "/activity/export?format=csv".to_owned(),
    ] {
        let page = bob.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(
            !page.says("Claude") && !page.says("ann") && !page.says("sorted mail ·"),
            "{path}: {}",
            page.html
        );
    }
    for undo in [handle, "out_00000000000000000000000000000007", "nonsense", ""] {
        let page = bob.submit("/settings", "/activity/undo", &[("undo", undo)]).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{undo}");
    }
    assert!(
        !bob.get("/activity").await.says("</strong> took something back"),
        "what is not his leaves no entry"
    );
    bob.submit("/settings", "/activity/delete", &[("what", "all")]).await;
    bob.submit("/settings", "/activity/check", &[]).await;
    assert!(ann.get("/activity").await.says("sorted mail"));
}

#[tokio::test]
async fn what_is_taken_along_as_json_verifies_outside() {
    let (world, mut ann, agent) = scene().await;
    for number in 0..20 {
        call(&world, &agent, "mail_read", &[&format!("work/\"Ä:{number}@a")], "ok").await;
    }
    let page = ann.get("/activity/export?format=json").await;
    assert_eq!(page.headers["content-disposition"], "attachment; filename=\"postroom-activity.json\"");
    assert_eq!(page.headers["cache-control"], "no-store");
    let mut rows: Vec<Value> = serde_json::from_str(&page.html).unwrap();
    rows.reverse();
    let mut last = "0".repeat(64);
    for (row, number) in rows.iter().zip(1_u64..) {
        assert_eq!((row["seq"].as_u64(), row["previous"].as_str()), (Some(number), Some(last.as_str())));
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        let mut hash = Sha256::new();
        let before: Vec<u8> =
            (0..64).step_by(2).map(|at| u8::from_str_radix(&last[at..at + 2], 16).unwrap()).collect();
        hash.update(before);
        hash.update(number.to_be_bytes());
        hash.update(i128::from(row["at_ms"].as_i64().unwrap()).to_be_bytes());
        let octets = row["octets"].as_u64().map(|octets| octets.to_string()).unwrap_or_default();
        let names = ["user", "agent_id", "door", "tool", "targets", "outcome", "agent", "undo"];
        for text in names.map(text).into_iter().chain([octets]) {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        last = hash.finalize().iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().concat();
        assert_eq!(row["hash"], last.as_str(), "{row}");
    }
    assert!(rows.len() > 20);
    assert_eq!(ann.get("/activity/export?format=xml").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_trail_is_taken_along_only_by_who_proved_themselves_lately() {
    let (world, mut ann, agent) = scene().await;
    call(&world, &agent, "mail_read", &["work/@inbox:7@a"], "ok").await;
    world.pass(Duration::minutes(11));
    for format in ["json", "csv"] {
        let page = ann.get(&format!("/activity/export?format={format}")).await;
        assert_eq!(page.location(), "/prove?next=%2Factivity");
        assert!(!page.says("mail_read"));
    }
    ann.submit("/settings", "/prove", &[("password", PASSWORD)]).await;
    assert!(ann.get("/activity/export?format=csv").await.says("mail_read"));
}

#[tokio::test]
async fn csv_has_a_line_for_each_entry_and_no_formula() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    let agent = agent_of(&world, &mut ann, "ann", "=cmd|' /C calc'!A0").await;
    for _ in 0..1_100 {
        let call = Recorded { tool: "mail_read", outcome: "ok", ..Recorded::default() };
        world.access.audit().record_call(&agent, call).await;
    }
    call(&world, &agent, "@SUM(1)", &["x"], "+1").await;
    let page = ann.get("/activity/export?format=csv").await;
    assert_eq!(page.headers["content-disposition"], "attachment; filename=\"postroom-activity.csv\"");
    assert!(page.html.starts_with("seq,at,door,") && page.html.lines().count() > 1_100);
    assert!(
        page.says("\"'=cmd|' /C calc'!A0\",\"'@SUM(1)\",\"[\"\"x\"\"]\",\"'+1\""),
        "{}",
        &page.html[..900]
    );
    for cell in page.html.split(['"', ',']) {
        assert!(!cell.starts_with(['=', '@', '+']), "{cell}");
    }
    // with the same filters as the page
    let found = ann.get("/activity/export?format=csv&text=SUM").await;
    assert_eq!(found.html.lines().count(), 2);
}

#[tokio::test]
async fn entries_are_deleted_only_after_a_fresh_proof_and_the_rest_still_verifies() {
    let (world, mut ann, agent) = scene().await;
    call(&world, &agent, "mail_read", &["work/@inbox:7@a"], "ok").await;
    world.pass(Duration::days(3));
    for response in [
        ann.get("/activity/delete").await,
        ann.submit("/settings", "/activity/delete", &[("what", "all")]).await,
    ] {
        assert_eq!(response.location(), "/prove?next=%2Factivity%2Fdelete");
    }
    assert!(ann.get("/activity").await.says("read mail ·"), "nothing was deleted");
    let mut ann = world.sign_in("ann").await;
    for fields in [&[][..], &[("what", "before")], &[("what", "before"), ("before", "2999-01-01")]] {
        let page = ann.submit("/activity/delete", "/activity/delete", fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
    }
    let form = [("what", "before"), ("before", "2027-01-17")];
    let page = ann.submit("/activity/delete", "/activity/delete", &form).await;
    assert_eq!(page.location(), "/activity?done=activity-deleted");
    let page = ann.get("/activity").await;
    assert!(
        !page.says("read mail ·")
            && page.says("deleted entries of this page")
            && page.says("before:2027-01-17")
    );
    ann.submit("/activity", "/activity/check", &[]).await;
    assert!(ann.get("/activity").await.says("All 2 entries are as they were written."));
    ann.submit("/activity/delete", "/activity/delete", &[("what", "all")]).await;
    let page = ann.get("/activity").await;
    assert_eq!(entries(&page), 1, "that all was deleted");
    ann.submit("/activity", "/activity/check", &[]).await;
    assert!(ann.get("/activity").await.says("The one entry there was is as it was written."));
}
