//! The chain of activity on its page, where somebody has changed the database.

use storage::Database;

use crate::{
    routes::surfer::Surfer,
    world::{PASSWORD, World},
};

/// Makes an entry say that what happened ended otherwise.
#[tokio::main(flavor = "current_thread")]
async fn alter_first_entry(world: &World) -> u64 {
    const ALTER: &str = "UPDATE audit SET outcome = 'altered' WHERE user_name = 'alice' AND seq = 1";
    let database = Database::open_file(&world.path("data/postroom.db")).await.unwrap();
    database.execute(ALTER, &[]).await.unwrap()
}

/// What the page says of the chain once it was checked.
fn checked(alice: &Surfer) -> String {
    let done = alice.post("/activity/check", &[("csrf", &alice.csrf("/settings"))]);
    assert_eq!((done.status, done.header("location")), (303, "/activity#chain"));
    alice.get("/activity").body
}

#[test]
fn an_entry_that_was_changed_in_the_database_is_named_on_the_page() {
    let world = World::new();
    world.add_user("alice");
    let serving = world.serve();
    let alice = Surfer::signed_in(serving.port, "alice", PASSWORD);
    let page = checked(&alice);
    assert!(page.contains("written. Checked just now."), "{page}");
    assert_eq!(alter_first_entry(&world), 1);
    let page = checked(&alice);
    assert!(page.contains("Entry 1 is not as it was written") && page.contains("notice bad"), "{page}");
    assert!(page.contains("tell whoever runs this server"), "{page}");
}
