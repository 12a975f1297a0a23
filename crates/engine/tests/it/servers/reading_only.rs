//! A folder that the person may only read, by its access rights (RFC 4314): every change says so, for each
//! message, and none is done. Dovecot has no such rights here.

use domain::Code;
use engine::organize::Action;

use super::{Server, World, courier, cyrus};
use crate::organizing::{deletion, deletion_confirmed, these, to};

/// Takes all rights but looking from the person, or gives them back.
fn set_rights(world: &mut World, identifier: &str, rights: &str) {
    let name = world.wire_name("Taxes");
    world.other.run("EXAMINE INBOX").unwrap();
    world.other.run(&format!("SETACL \"{name}\" {identifier} {rights}")).unwrap();
}

async fn nothing_is_changed(server: Option<Server>, identifier: &str) {
    let Some(server) = server else { return };
    let mut world = World::of(server);
    world.create("Taxes");
    world.fill("Taxes", &["a", "b"]);
    world.fill("INBOX", &["c"]);
    let taxes = world.shown_name("Taxes");
    let (ids, c) = (world.ids(&taxes).await, world.ids("INBOX").await);
    let starred = world.done(these(Action::Star, &ids[..1]), 1).await.undo.unwrap();
    let moved = world.done(to(these(Action::Move, &c), &taxes), 1).await;
    let c = [moved.done[0].new_id.as_ref().map_or_else(|| c[0].clone(), ToString::to_string)];
    let planned = world.engine.delete(&world.principal, deletion(&ids), &|_, _| {}).await.unwrap();

    set_rights(&mut world, identifier, "alr");
    // Servers look at the rights when a folder is opened, so the connection opens another one first.
    world.named("INBOX").await;
    for request in [
        these(Action::Read, &ids),
        these(Action::Star, &ids),
        these(Action::Trash, &ids),
        these(Action::Archive, &c),
    ] {
        let told = world.organize(request.clone()).await;
        assert_eq!(told.done_count, 0, "{request:?}: {told:?}");
        for failed in &told.failed {
            let is_said = matches!(failed.problem.code, Code::NotSupported | Code::ServerRefused);
            assert!(is_said, "{request:?}: {failed:?}");
        }
    }
    let deleted =
        world.engine.delete(&world.principal, deletion_confirmed(&planned), &|_, _| {}).await.unwrap();
    assert_eq!(deleted.done_count, 0, "{deleted:?}");
    for undo in [starred, moved.undo.clone().unwrap()] {
        let undone = world.engine.undo(&world.principal, undo.as_str(), &|_, _| {}).await.unwrap();
        assert_eq!((undone.undone, undone.failed.len()), (0, 1), "{undone:?}");
    }
    // Reading goes on, and what is there is there still.
    assert_eq!(world.named(&taxes).await, ["a", "b", "c"]);
    assert_eq!(world.flags(&taxes, "a").await, ["\\flagged"]);

    // With the rights back, what could not be taken back is.
    set_rights(&mut world, identifier, "alrswited");
    world.named("INBOX").await;
    let undone = world.engine.undo(&world.principal, moved.undo.unwrap().as_str(), &|_, _| {}).await.unwrap();
    assert_eq!((undone.undone, undone.failed_count), (1, 0), "{undone:?}");
    assert_eq!(world.named("INBOX").await, ["c"]);
}

#[tokio::test]
async fn on_cyrus() {
    nothing_is_changed(cyrus(), "alice").await;
}

#[tokio::test]
async fn on_courier() {
    nothing_is_changed(courier(), "owner").await;
}
