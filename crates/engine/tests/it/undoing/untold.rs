//! Taking moves back on a server that does not say which UIDs messages got: they are found by their
//! Message-IDs, and what has the Message-ID of another one is left alone.

use domain::Limits;
use engine::organize::Action;
use testkit::{Options, Proxy, maildir::Numbering, proxy::Faults};

use super::told;
use crate::{
    organizing::{note, these, to},
    world::{World, credentials, empty_world, principal_with, settings},
};

/// A world whose server never says COPYUID.
fn untold(options: Options) -> Option<(World, Proxy)> {
    let mut world = empty_world(options)?;
    let replace = Some((b"COPYUID".to_vec(), b"XSILENT".to_vec()));
    let proxy = Proxy::start(world.dovecot.imap_port(), Faults { replace, ..Faults::default() }).unwrap();
    let mut through = settings(&world.dovecot);
    through.imap.port = proxy.port();
    world.principal = principal_with(through, credentials("alice-secret"), Limits::default());
    Some((world, proxy))
}

#[tokio::test]
async fn moves_are_taken_back_by_message_id_and_doubles_left_alone() {
    for left_out in [&[][..], &["MOVE"], &["MOVE", "UIDPLUS"]] {
        let Some((world, _proxy)) = untold(Options::default().without(left_out)) else { return };
        world.notes("INBOX", &["a", "b", "double"]);
        world.maildir.fill("Taxes", Numbering::default(), [note("double", 90), note("other", 80)]).unwrap();
        let mut ids = Vec::new();
        for name in ["a", "b", "double"] {
            ids.push(world.id("@inbox", name).await);
        }
        let (undo, moved) = world.done(to(these(Action::Move, &ids), "Taxes"), 3).await;
        assert!(moved.done.iter().all(|one| one.new_id.is_none()), "{left_out:?}: {moved:?}");
        assert_eq!(world.subjects("Taxes").await, ["a", "b", "double", "double", "other"]);
        // Under its old id a message is still found and changed; the one that may be another is not.
        let starred = world.organize(these(Action::Star, &ids)).await.unwrap();
        assert_eq!((starred.done_count, starred.failed_count), (2, 1), "{left_out:?}: {starred:?}");
        let now = starred.done.iter().find(|one| one.id == ids[0]).unwrap().new_id.clone().unwrap();
        assert_eq!(now.to_string(), world.id("Taxes", "a").await, "{left_out:?}");
        // And the same move made again is done.
        let again = world.organize(to(these(Action::Move, &ids[..2]), "Taxes")).await.unwrap();
        assert_eq!((again.done_count, again.undo), (2, None), "{left_out:?}");

        let undone = world.undo(&undo).await.unwrap();
        assert_eq!(told(&undone), (2, vec![(ids[2].as_str(), "conflict")]), "{left_out:?}");
        assert_eq!(world.subjects("INBOX").await, ["a", "b"]);
        assert_eq!(world.subjects("Taxes").await, ["double", "double", "other"]);
    }
}
