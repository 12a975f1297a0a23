//! One-time codes and recovery codes: each once, whoever asks at the same instant.

use crate::world::World;

const SECRET: &[u8] = b"12345678901234567890";

pub(crate) async fn a_step_is_used_once_and_no_older_one_after_it(world: &World) {
    let (store, other) = (world.store().await, world.store().await);
    let ann = store.add_user("ann", false, "hash").await.unwrap().id;
    let bob = store.add_user("bob", false, "hash").await.unwrap().id;
    assert!(store.one_time_codes_begin(&ann, SECRET).await.unwrap());
    assert!(!store.one_time_code_use(&ann, 5).await.unwrap(), "nobody is asked for one yet");
    let waiting = store.one_time_codes_find(&ann).await.unwrap().unwrap();
    assert_eq!((waiting.secret.as_slice(), waiting.confirmed), (SECRET, None));
    assert!(store.one_time_codes_confirm(&ann, &waiting, 7, &[[1; 32], [2; 32]]).await.unwrap());
    assert!(!store.one_time_codes_confirm(&ann, &waiting, 9, &[[3; 32]]).await.unwrap());
    for (step, is_taken) in
        [(7, false), (6, false), (8, true), (8, false), (7, false), (10, true), (9, false)]
    {
        assert_eq!(store.one_time_code_use(&ann, step).await.unwrap(), is_taken, "{step}");
    }
    let (one, two) = tokio::join!(store.one_time_code_use(&ann, 11), other.one_time_code_use(&ann, 11));
    assert_eq!(usize::from(one.unwrap()) + usize::from(two.unwrap()), 1);
    assert!(!store.one_time_code_use(&bob, 12).await.unwrap());
}

pub(crate) async fn a_secret_counts_only_as_it_was_shown_and_is_not_replaced_once_it_does(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap().id;
    store.one_time_codes_begin(&ann, SECRET).await.unwrap();
    let first = store.one_time_codes_find(&ann).await.unwrap().unwrap();
    // the same secret once more is another one that was shown
    store.one_time_codes_begin(&ann, SECRET).await.unwrap();
    assert!(!store.one_time_codes_confirm(&ann, &first, 1, &[]).await.unwrap());
    let second = store.one_time_codes_find(&ann).await.unwrap().unwrap();
    assert!(store.one_time_codes_confirm(&ann, &second, 1, &[]).await.unwrap());
    assert!(!store.one_time_codes_begin(&ann, b"another of 20 octets").await.unwrap());
    assert_eq!(store.one_time_codes_find(&ann).await.unwrap().unwrap().secret.as_slice(), SECRET);
    // one person's secret does not open as another's
    let bob = store.add_user("bob", false, "hash").await.unwrap().id;
    let moved = "UPDATE one_time_codes SET user_id = $1";
    store.database().execute(moved, &[bob.as_str().into()]).await.unwrap();
    assert!(store.one_time_codes_find(&bob).await.is_err());
}

pub(crate) async fn a_secret_that_nobody_typed_a_code_of_is_forgotten_after_a_day(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap().id;
    let bob = store.add_user("bob", false, "hash").await.unwrap().id;
    for user in [&ann, &bob] {
        store.one_time_codes_begin(user, SECRET).await.unwrap();
    }
    let begun = store.one_time_codes_find(&bob).await.unwrap().unwrap();
    assert!(store.one_time_codes_confirm(&bob, &begun, 1, &[]).await.unwrap());
    assert_eq!(store.one_time_codes_sweep().await.unwrap(), 0);
    world.clock.forward(24 * 3600);
    assert_eq!(store.one_time_codes_sweep().await.unwrap(), 1);
    assert!(store.one_time_codes_find(&ann).await.unwrap().is_none());
    assert!(store.one_time_codes_find(&bob).await.unwrap().is_some());
}

pub(crate) async fn a_recovery_code_is_used_once_by_its_user_and_ends_with_the_codes(world: &World) {
    let (store, other) = (world.store().await, world.store().await);
    let ann = store.add_user("ann", false, "hash").await.unwrap().id;
    let bob = store.add_user("bob", false, "hash").await.unwrap().id;
    assert!(!store.recovery_codes_replace(&ann, &[[1; 32]]).await.unwrap(), "nobody is asked for codes");
    store.one_time_codes_begin(&ann, SECRET).await.unwrap();
    let codes = store.one_time_codes_find(&ann).await.unwrap().unwrap();
    store.one_time_codes_confirm(&ann, &codes, 1, &[[1; 32], [2; 32]]).await.unwrap();
    assert_eq!(store.recovery_codes_left(&ann).await.unwrap(), 2);
    assert!(!store.recovery_code_use(&bob, &[1; 32]).await.unwrap());
    let (one, two) =
        tokio::join!(store.recovery_code_use(&ann, &[1; 32]), other.recovery_code_use(&ann, &[1; 32]));
    assert_eq!(usize::from(one.unwrap()) + usize::from(two.unwrap()), 1);
    assert_eq!(store.recovery_codes_left(&ann).await.unwrap(), 1);
    assert!(store.recovery_codes_replace(&ann, &[[3; 32], [4; 32], [5; 32]]).await.unwrap());
    assert!(!store.recovery_code_use(&ann, &[2; 32]).await.unwrap());
    assert_eq!(store.recovery_codes_left(&ann).await.unwrap(), 3);
    assert!(store.one_time_codes_end(&ann).await.unwrap());
    assert!(!store.one_time_codes_end(&ann).await.unwrap());
    assert_eq!(store.recovery_codes_left(&ann).await.unwrap(), 0);
    assert!(store.one_time_codes_find(&ann).await.unwrap().is_none());
}
