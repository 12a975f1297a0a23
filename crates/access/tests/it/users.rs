//! Users and their passwords.

use access::Error;
use domain::{Code, Problem, Secret};

use crate::world::World;

#[tokio::test]
async fn the_right_password_lets_in_and_no_other() {
    let world = World::new();
    let access = world.access().await;
    let right = Secret::new("pässwörd");
    let ann = access.user_add("ann", false, &right).await.unwrap();
    assert!(ann.is_admin, "the first user is an administrator");
    assert_eq!(access.user_verify("ann", &right).await.unwrap(), Some(ann));
    for wrong in ["passwörd", "", "pässwörd ", &"x".repeat(10_000)] {
        assert_eq!(access.user_verify("ann", &Secret::new(wrong)).await.unwrap(), None, "{wrong}");
    }
    assert_eq!(access.user_verify("nobody", &right).await.unwrap(), None);

    access.user_passwd("ann", &Secret::new("another one")).await.unwrap();
    assert_eq!(access.user_verify("ann", &right).await.unwrap(), None);
    assert!(access.user_verify("ann", &Secret::new("another one")).await.unwrap().is_some());
    access.user_disable("ann").await.unwrap();
    assert_eq!(access.user_verify("ann", &Secret::new("another one")).await.unwrap(), None);
}

#[tokio::test]
async fn passwords_are_kept_as_argon2id_with_a_salt_of_their_own() {
    let world = World::new();
    let access = world.access().await;
    for name in ["ann", "bob"] {
        access.user_add(name, false, &Secret::new("the same one")).await.unwrap();
    }
    let store = world.store().await;
    let hash_of = async |name| store.find_password_hash(name).await.unwrap().unwrap().1;
    let (ann, bob) = (hash_of("ann").await, hash_of("bob").await);
    assert!(ann.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{ann}");
    assert_ne!(ann, bob);
}

#[tokio::test]
async fn short_passwords_and_odd_names_are_refused_before_anything_is_stored() {
    let world = World::new();
    let access = world.access().await;
    let good = Secret::new("long enough");
    for name in ["", "Ann", "a b", "ä", "a/b", &"x".repeat(65)] {
        assert!(matches!(access.user_add(name, false, &good).await, Err(Error::BadUserName)), "{name}");
    }
    for password in ["", "1234567", &"x".repeat(1025)] {
        let refused = access.user_add("ann", false, &Secret::new(password)).await;
        assert!(matches!(refused, Err(Error::BadPassword)));
    }
    assert_eq!(access.user_list().await.unwrap(), []);
    access.user_add("a.b_c-9", false, &good).await.unwrap();
}

#[tokio::test]
async fn a_taken_name_is_a_conflict_and_a_misspelt_one_is_corrected() {
    let world = World::new();
    let access = world.access().await;
    let password = Secret::new("long enough");
    access.user_add("alice", false, &password).await.unwrap();
    let taken: Problem = access.user_add("alice", false, &password).await.unwrap_err().into();
    assert_eq!((taken.code, taken.message.as_str()), (Code::Conflict, "There is a user `alice` already."));
    let misspelt: Problem = access.user_disable("alcie").await.unwrap_err().into();
    assert_eq!(
        (misspelt.code, misspelt.message.as_str(), misspelt.hint.as_str()),
        (Code::NotFound, "There is no user `alcie`.", "Did you mean `alice`?")
    );
    let strange: Problem = access.user_disable("zebra").await.unwrap_err().into();
    assert!(strange.hint.contains("postroom user list"), "{}", strange.hint);
}

#[tokio::test]
async fn who_shuts_out_whom_stands_in_the_trails_of_both() {
    let world = World::new();
    let access = world.access().await;
    for name in ["ann", "bob"] {
        crate::world::person(&access, name, &[]).await;
    }
    let ann = crate::dance::signed_in(&world, &access, "ann").await;
    let bob = crate::dance::signed_in(&world, &access, "bob").await;
    access.user_disable_by(&ann, "bob", true).await.unwrap();
    access.user_disable_by(&ann, "bob", false).await.unwrap();
    for (by, name) in [(&bob, "ann"), (&bob, "bob"), (&ann, "ann"), (&ann, "nobody")] {
        let refused = access.user_disable_by(by, name, true).await;
        assert!(matches!(refused, Err(Error::UserNotFound { .. })), "{refused:?}");
    }
    access.flush().await;
    for (trail, other) in [("ann", "bob"), ("bob", "by:ann")] {
        let rows = access.audit_list(trail, 10).await.unwrap();
        let rows = rows
            .iter()
            .map(|row| (row.row.tool.as_str(), row.row.targets.as_str(), row.row.outcome.as_str()));
        let target = format!("[\"{other}\"]");
        let told: Vec<_> = rows.filter(|(tool, ..)| tool.starts_with("user_")).collect();
        assert_eq!(told, [("user_enable", &*target, "ok"), ("user_disable", &*target, "ok")], "{trail}");
    }
}
