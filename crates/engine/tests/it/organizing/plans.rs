//! What touches many is planned first, and done exactly as it was planned or not at all.

use std::sync::Arc;

use domain::{Clock, Code, FolderArg, GrantId, Scope, Scopes};
use engine::organize::{Action, OrganizeRequest};
use testkit::{Options, maildir::Numbering};

use super::{confirmed, failures, found, note, these, to};
use crate::{
    sending::outbox_world::MovedClock,
    world::{NOW, World, empty_world, engine_at},
};

/// An inbox with bills and letters.
fn bills() -> Option<World> {
    let world = empty_world(Options::default())?;
    world.notes("INBOX", &["bill 1", "letter", "bill 2", "bill 3"]);
    world.maildir.create("Bills").unwrap();
    Some(world)
}

#[tokio::test]
async fn a_query_is_planned_shown_and_done_when_it_is_confirmed() {
    let Some(world) = bills() else { return };
    let wish = to(found(Action::Move, "subject:bill", Some("@inbox")), "Bills");
    let planned = world.organize(wish.clone()).await.unwrap();
    let plan = planned.plan.as_ref().unwrap();
    let sample: Vec<&str> = plan.sample.iter().map(|row| row.subject.as_str()).collect();
    assert_eq!((plan.count, sample), (3, vec!["bill 3", "bill 2", "bill 1"]));
    assert_eq!((planned.done_count, plan.note.as_str()), (0, ""));
    assert_eq!(world.subjects("Bills").await, [] as [&str; 0], "nothing is done yet");

    // The same arguments again are as good as none.
    let confirm = Some(plan.confirm.clone());
    let done = world.organize(OrganizeRequest { confirm, ..wish }).await.unwrap();
    assert_eq!((done.done_count, done.failed_count, done.plan.is_none()), (3, 0, true));
    assert!(done.undo.is_some() && done.done.iter().all(|one| one.new_id.is_some()), "{done:?}");
    assert_eq!(world.subjects("Bills").await, ["bill 1", "bill 2", "bill 3"]);
    assert_eq!(world.subjects("@inbox").await, ["letter"]);
}

#[tokio::test]
async fn what_came_or_went_since_the_plan_is_not_touched_or_told_to_be_gone() {
    let Some(world) = bills() else { return };
    let gone = world.id("@inbox", "bill 2").await;
    let wish = to(found(Action::Move, "subject:bill", Some("@inbox")), "Bills");
    let planned = world.organize(wish).await.unwrap();
    let mut other = world.somebody();
    other.append("INBOX", &note("bill 4", 0)).unwrap();
    other.delete("INBOX", "3").unwrap();
    let done = world.organize(confirmed(Action::Move, &planned)).await.unwrap();
    assert_eq!(done.done_count, 2, "{done:?}");
    assert_eq!(failures(&done), [(gone.as_str(), "not_found")]);
    assert_eq!(world.subjects("Bills").await, ["bill 1", "bill 3"]);
    assert_eq!(world.subjects("@inbox").await, ["bill 4", "letter"]);
}

#[tokio::test]
async fn a_folder_that_was_rebuilt_since_the_plan_makes_its_messages_stale() {
    let Some(world) = bills() else { return };
    world.maildir.fill("Old", Numbering::default(), [note("bill 0", 90)]).unwrap();
    let wish = found(Action::Star, "subject:bill", Some("Old"));
    let planned = world.organize(wish).await.unwrap();
    let mut other = world.somebody();
    other.run("DELETE Old").unwrap();
    other.run("CREATE Old").unwrap();
    other.append("Old", &note("another", 1)).unwrap();
    let done = world.organize(confirmed(Action::Star, &planned)).await.unwrap();
    assert_eq!((done.done_count, done.failed[0].problem.code), (0, Code::StaleId), "{done:?}");
    let files = world.files("Old");
    let is_starred =
        files.iter().any(|file| file.rsplit_once(":2,").is_some_and(|(_, flags)| flags.contains('F')));
    assert!(files.len() == 1 && !is_starred, "{files:?}");
}

#[tokio::test]
async fn a_plan_is_confirmed_once_by_its_own_grant_and_for_its_own_action() {
    let Some(world) = bills() else { return };
    let wish = found(Action::Star, "subject:bill", Some("@inbox"));
    let planned = world.organize(wish.clone()).await.unwrap();
    let mut stranger = world.principal.clone();
    stranger.grant = GrantId::from_text("gra_another");
    let of_another =
        world.engine.organize(&stranger, confirmed(Action::Star, &planned), &|_, _| {}).await.unwrap_err();
    let made_up = OrganizeRequest { confirm: Some(format!("pln_{:032x}", 7)), ..these(Action::Star, &[]) };
    let unknown = world.organize(made_up).await.unwrap_err();
    assert_eq!(
        (of_another.code, &of_another.message),
        (unknown.code, &unknown.message),
        "as if it never was"
    );
    world.organize(confirmed(Action::Star, &planned)).await.unwrap();
    let twice = world.organize(confirmed(Action::Star, &planned)).await.unwrap_err();
    assert_ne!(twice.code, Code::Internal, "{twice:?}");

    for other in [
        OrganizeRequest { confirm: None, ..found(Action::Star, "letter", None) },
        OrganizeRequest { confirm: None, ..found(Action::Star, "subject:bill", Some("Bills")) },
        these(Action::Unstar, &[]),
        to(these(Action::Move, &[]), "Bills"),
    ] {
        let planned = world.organize(wish.clone()).await.unwrap();
        let confirm = confirmed(Action::Star, &planned).confirm;
        let problem = world.organize(OrganizeRequest { confirm, ..other }).await.unwrap_err();
        assert_eq!(problem.code, Code::InvalidInput, "{problem:?}");
    }
    // What is confirmed as a deletion must have been planned as one.
    let planned = world.organize(wish).await.unwrap();
    let as_deletion = super::deletion_confirmed(&planned);
    assert_eq!(world.delete(as_deletion).await.unwrap_err().code, Code::InvalidInput);
    assert_eq!(world.subjects("@inbox").await.len(), 4);
}

#[tokio::test]
async fn more_than_fifty_ids_are_planned_and_fewer_are_not() {
    let Some(world) = empty_world(Options::default()) else { return };
    let names: Vec<String> = (0..60).map(|number| format!("note {number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    world.notes("INBOX", &names);
    let ids: Vec<String> = world.listed("@inbox").await.into_iter().map(|(_, id)| id).collect();
    let done = world.organize(these(Action::Read, &ids[..50])).await.unwrap();
    assert_eq!((done.done_count, done.plan.is_none()), (50, true));
    let mut more = ids[..51].to_vec();
    more.push(ids[0].replace(":60@", ":4711@"));
    let planned = world.organize(these(Action::Star, &more)).await.unwrap();
    let plan = planned.plan.as_ref().unwrap();
    assert_eq!((plan.count, plan.sample.len()), (51, 5));
    assert_eq!(plan.sample[0].subject, "note 59");
    assert_eq!(failures(&planned), [(more[51].as_str(), "not_found")], "told with the plan");
    let done = world.organize(confirmed(Action::Star, &planned)).await.unwrap();
    assert_eq!((done.done_count, done.failed_count), (51, 0));
}

#[tokio::test]
async fn a_query_that_finds_nothing_says_so_and_one_that_finds_all_takes_all() {
    let Some(world) = bills() else { return };
    let nothing = world.organize(found(Action::Read, "subject:zebra", None)).await.unwrap_err();
    assert_eq!(nothing.code, Code::NotFound);
    assert!(
        nothing.message.contains("Left out: work/@junk") || nothing.message.contains("Left out: work/@trash")
    );
    let planned = world.organize(found(Action::Read, "", Some("all"))).await.unwrap();
    assert_eq!(planned.plan.as_ref().unwrap().count, 4);
    // Without a folder an empty query means the inbox, as in searching.
    world.maildir.fill("More", Numbering::default(), [note("elsewhere", 1)]).unwrap();
    let planned = world.organize(found(Action::Read, "", None)).await.unwrap();
    assert_eq!(planned.plan.unwrap().count, 4);
}

#[tokio::test]
async fn what_the_search_did_not_cover_is_said_in_words() {
    let Some(world) = bills() else { return };
    world.notes("Trash", &["bill 0"]);
    let planned = world.organize(found(Action::Read, "subject:bill", None)).await.unwrap();
    let plan = planned.plan.unwrap();
    assert_eq!(plan.count, 3);
    assert!(plan.note.contains("work/@trash"), "{}", plan.note);
    // Days are exact to the second, although servers know them only by their own zone.
    let planned = world.organize(found(Action::Read, "newer_than:1d subject:bill", None)).await.unwrap();
    assert_eq!(planned.plan.unwrap().count, 3);
    let old = found(Action::Read, "older_than:2d", Some("@inbox"));
    assert_eq!(world.organize(old).await.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn what_must_be_read_to_be_known_is_planned_as_far_as_it_was_read() {
    let bounds = engine::Bounds { filter_candidates: 10, batch: 5, ..engine::Bounds::default() };
    let Some(mut world) = empty_world(Options::default()) else { return };
    world.engine = crate::world::bounded_engine(bounds);
    let with_file = |number: u64| {
        let mut mail = note(&format!("file {number}"), 100 - number);
        let raw = String::from_utf8(mail.raw).unwrap().replace(
            "\r\n\r\n",
            "\r\nMIME-Version: 1.0\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n",
        );
        mail.raw = raw.into_bytes();
        mail
    };
    world.maildir.fill("INBOX", Numbering::default(), (0..40).map(with_file)).unwrap();
    let planned = world.organize(found(Action::Star, "has:attachment", Some("@inbox"))).await.unwrap();
    let plan = planned.plan.as_ref().unwrap();
    assert!((5..40).contains(&plan.count), "{}", plan.count);
    assert!(plan.note.contains("2026-11-"), "{}", plan.note);
    let done = world.organize(confirmed(Action::Star, &planned)).await.unwrap();
    assert_eq!(done.done_count, plan.count);
}

#[tokio::test]
async fn a_plan_shows_no_sample_and_takes_no_query_without_the_scopes_for_that() {
    let Some(mut world) = bills() else { return };
    let names: Vec<String> = (0..60).map(|number| format!("note {number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    world.notes("Many", &names);
    let ids: Vec<String> = world.listed("Many").await.into_iter().map(|(_, id)| id).collect();
    world.principal.scopes = [Scope::Modify, Scope::Search].into_iter().collect::<Scopes>();
    let bodies = world.organize(found(Action::Read, "body:words", None)).await.unwrap_err();
    assert_eq!(bodies.code, Code::ScopeMissing);
    world.principal.scopes = [Scope::Modify].into_iter().collect::<Scopes>();
    let planned = world.organize(these(Action::Read, &ids)).await.unwrap();
    let plan = planned.plan.unwrap();
    assert_eq!((plan.count, plan.sample.len()), (60, 0));
    let query = world.organize(found(Action::Read, "bill", None)).await.unwrap_err();
    assert_eq!(query.code, Code::ScopeMissing);
}

#[tokio::test]
async fn a_plan_is_late_after_ten_minutes() {
    let Some(mut world) = bills() else { return };
    let clock = Arc::new(MovedClock::at(NOW));
    world.engine = engine_at(engine::Bounds::default(), Arc::clone(&clock) as Arc<dyn Clock>);
    let [in_time, late] = [540, 660];
    for (wait, is_done) in [(in_time, true), (late, false)] {
        let planned = world.organize(found(Action::Star, "subject:bill", Some("@inbox"))).await.unwrap();
        clock.forward(wait);
        let outcome = world.organize(confirmed(Action::Star, &planned)).await;
        assert_eq!(outcome.is_ok(), is_done, "{outcome:?}");
        if let Err(problem) = outcome {
            assert!(problem.hint.contains("new plan"), "{problem:?}");
        }
    }
}

#[tokio::test]
async fn more_than_a_plan_takes_is_too_many() {
    let Some(world) = empty_world(Options::default()) else { return };
    let ids: Vec<String> = (1..=20_001).map(|uid| format!("work/@inbox:{uid}@1")).collect();
    assert_eq!(world.organize(these(Action::Read, &ids)).await.unwrap_err().code, Code::TooMany);
    let folder = Some(FolderArg::parse("@inbox"));
    let both = engine::delete::DeleteRequest { folder, ..super::deletion(&ids[..1]) };
    assert_eq!(world.delete(both).await.unwrap_err().code, Code::InvalidInput);
}
