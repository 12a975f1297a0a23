//! The master key: made once, private, never overwritten, never guessed around.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::world::World;

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn data_directory_database_and_key_are_for_their_owner_alone() {
    let world = World::new();
    world.add_user("alice");
    assert_eq!(mode(&world.path("data")), 0o700);
    assert_eq!(mode(&world.path("data/master.key")), 0o600);
    assert_eq!(mode(&world.path("data/postroom.db")), 0o600);
}

#[test]
fn a_key_that_others_can_read_is_refused_with_what_to_run() {
    let world = World::new();
    world.add_user("alice");
    let key = world.path("data/master.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    for command in [&["user", "list"][..], &["serve"], &["stdio", "--user", "alice"]] {
        world.run(command).failed_with(1, &["master.key", "0644", "chmod 600"]);
    }
    let said = world.run(&["doctor"]);
    said.failed_with(1, &["one thing is broken"]);
    assert!(said.stdout.contains("BROKEN   key") && said.stdout.contains("chmod 600"), "{said:?}");
}

#[test]
fn a_wrong_key_is_refused_and_nothing_is_overwritten() {
    let world = World::new();
    world.add_user("alice");
    let database = fs::read(world.path("data/postroom.db")).unwrap();
    let key = fs::read(world.path("data/master.key")).unwrap();
    let other = "11".repeat(32);
    let world = world.with("POSTROOM_MASTER_KEY", &other);
    for command in [&["user", "list"][..], &["serve"], &["doctor"]] {
        let said = world.run(command);
        assert_eq!(said.status, 1, "{said:?}");
        assert!((said.stderr + &said.stdout).contains("master key is not the one"), "{command:?}");
    }
    assert_eq!(fs::read(world.path("data/postroom.db")).unwrap(), database);
    assert_eq!(fs::read(world.path("data/master.key")).unwrap(), key);
}

#[test]
fn a_key_that_is_gone_is_missed_and_not_made_anew() {
    let world = World::new();
    world.add_user("alice");
    fs::remove_file(world.path("data/master.key")).unwrap();
    world.run(&["serve"]).failed_with(1, &["master.key", "missing", "backup"]);
    assert!(!world.path("data/master.key").exists());
}

#[test]
fn a_key_from_the_environment_or_its_file_is_used_instead_of_a_generated_one() {
    let key = "ab".repeat(32);
    let world = World::new().with("POSTROOM_MASTER_KEY", &key);
    world.add_user("alice");
    assert!(!world.path("data/master.key").exists());
    fs::write(world.path("key"), format!("{key}\n")).unwrap();
    fs::set_permissions(world.path("key"), fs::Permissions::from_mode(0o600)).unwrap();
    let file = world.path("key").display().to_string();
    let by_file = world.with("POSTROOM_MASTER_KEY", "").with("POSTROOM_MASTER_KEY_FILE", &file);
    assert_eq!(by_file.run(&["user", "list"]).status, 0);
    fs::set_permissions(by_file.path("key"), fs::Permissions::from_mode(0o640)).unwrap();
    by_file.run(&["user", "list"]).failed_with(1, &["0640", "chmod 600"]);
    let malformed = World::new().with("POSTROOM_MASTER_KEY", "too short");
    let said = malformed.run(&["user", "list"]);
    said.failed_with(1, &["32 bytes"]);
    assert!(!said.stderr.contains("too short"), "{said:?}");
}
