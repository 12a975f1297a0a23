//! After a change: old ids lead on, what is read next is true, and it can be taken back.

use std::slice::from_ref;

use domain::Code;
use engine::{
    organize::Action,
    read::{Outcome, View},
};
use testkit::Options;

use super::{confirmed, deletion, failures, found, these, to};
use crate::world::{World, empty_world};

fn filled() -> Option<World> {
    let world = empty_world(Options::default())?;
    world.notes("INBOX", &["a", "b", "c"]);
    world.maildir.create("Taxes").unwrap();
    world.maildir.create("Later").unwrap();
    Some(world)
}

#[tokio::test]
async fn ids_of_before_a_move_are_followed_also_beside_the_new_ones() {
    let Some(world) = filled() else { return };
    let a = world.id("@inbox", "a").await;
    let moved = world.organize(to(these(Action::Move, from_ref(&a)), "Taxes")).await.unwrap();
    let new_id = moved.done[0].new_id.as_ref().unwrap().to_string();
    let starred = world.organize(these(Action::Star, &[a.clone(), new_id.clone()])).await.unwrap();
    assert_eq!((starred.done_count, starred.failed_count), (1, 0), "one message: {starred:?}");
    assert_eq!(starred.done[0].id, a, "named as it was given");
    // Twice in a row.
    world.organize(to(these(Action::Move, from_ref(&a)), "Later")).await.unwrap();
    assert_eq!(world.subjects("Later").await, ["a"]);
    let planned = world.delete(deletion(from_ref(&a))).await.unwrap();
    assert_eq!(planned.plan.unwrap().count, 1);
    // What is not there any more either is gone for both ids.
    world.somebody().delete("Later", "1").unwrap();
    let gone = world.organize(these(Action::Read, &[a.clone(), new_id])).await.unwrap();
    assert_eq!(failures(&gone)[0].1, "not_found", "{gone:?}");
    assert_eq!(gone.done_count, 0);
}

#[tokio::test]
async fn the_same_call_made_again_moves_nothing_and_says_where_the_messages_are() {
    let Some(world) = filled() else { return };
    let [a, b] = [world.id("@inbox", "a").await, world.id("@inbox", "b").await];
    for (request, folder) in [
        (to(these(Action::Move, &[a.clone(), b.clone()]), "Taxes"), "Taxes"),
        (these(Action::Archive, &[a.clone(), b.clone()]), "@archive"),
        (these(Action::Junk, &[a.clone(), b.clone()]), "@junk"),
        (these(Action::Trash, &[a.clone(), b.clone()]), "@trash"),
    ] {
        let first = world.organize(request.clone()).await.unwrap();
        assert!(first.undo.is_some() && first.done.iter().all(|one| one.new_id.is_some()), "{first:?}");
        let again = world.organize(request).await.unwrap();
        assert_eq!((again.done, again.failed), (first.done, first.failed), "{folder}");
        assert_eq!(again.undo, None, "nothing was done");
        assert_eq!(world.subjects(folder).await, ["a", "b"]);
    }
    // Marked under their old ids they say what they are called now.
    let starred = world.organize(these(Action::Star, from_ref(&a))).await.unwrap();
    assert_eq!(starred.done[0].new_id.as_ref().unwrap().to_string(), world.id("@trash", "a").await);
    // What is gone, or never was there, is not told as done.
    world.somebody().delete("Trash", "1:*").unwrap();
    let nowhere = world.id("@inbox", "c").await.replace("@inbox:3@", "@inbox:4711@");
    let gone = world.organize(these(Action::Trash, &[a.clone(), b])).await.unwrap();
    assert_eq!((gone.done_count, gone.failed_count), (0, 2), "{gone:?}");
    let here = world.organize(to(these(Action::Move, from_ref(&nowhere)), "inbox")).await.unwrap();
    assert_eq!(failures(&here), [(nowhere.as_str(), "not_found")]);
}

#[tokio::test]
async fn what_is_read_after_a_change_is_as_it_is_now() {
    let Some(world) = filled() else { return };
    let a = world.id("@inbox", "a").await;
    let flags = async || {
        let read = world.engine.read(&world.principal, from_ref(&a), View::Text).await.unwrap();
        match &read[0] {
            Outcome::Message(message) => message.flags.iter().map(|flag| flag.as_str().to_owned()).collect(),
            other => vec![format!("{other:?}")],
        }
    };
    assert_eq!(flags().await, [] as [&str; 0]);
    world.organize(these(Action::Star, from_ref(&a))).await.unwrap();
    assert_eq!(flags().await, ["\\Flagged"]);
    let starred = found(Action::Unstar, "is:starred", Some("@inbox"));
    let planned = world.organize(starred.clone()).await.unwrap();
    assert_eq!(planned.plan.as_ref().unwrap().count, 1);
    world.organize(confirmed(Action::Unstar, &planned)).await.unwrap();
    assert_eq!(world.organize(starred).await.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn a_change_is_taken_back_and_only_what_it_changed() {
    let Some(world) = filled() else { return };
    let ids: Vec<String> = world.listed("@inbox").await.into_iter().map(|(_, id)| id).collect();
    world.organize(these(Action::Star, &ids[..1])).await.unwrap();
    let starred = world.organize(these(Action::Star, &ids)).await.unwrap();
    let undo = async |organized: &engine::organize::Organized| {
        let handle = organized.undo.as_ref().unwrap_or_else(|| panic!("{organized:?}"));
        world.engine.undo(&world.principal, handle.as_str(), &|_, _| {}).await.unwrap()
    };
    let undone = undo(&starred).await;
    assert_eq!(undone.failed_count, 0, "{undone:?}");
    let still = world.organize(found(Action::Read, "is:starred", Some("@inbox"))).await.unwrap();
    assert_eq!(still.plan.unwrap().count, 1, "what was starred before stays so");

    let junk = world.organize(these(Action::Junk, &ids[1..])).await.unwrap();
    assert_eq!(world.subjects("@inbox").await.len(), 1);
    let undone = undo(&junk).await;
    assert_eq!(undone.failed_count, 0, "{undone:?}");
    assert_eq!(world.subjects("@inbox").await, ["a", "b", "c"]);
    let marked = world.organize(found(Action::Read, "keyword:$Junk", Some("@inbox"))).await;
    assert_eq!(marked.unwrap_err().code, Code::NotFound, "nor is it marked as junk");
}
