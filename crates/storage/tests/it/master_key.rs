//! The master key's text and file.

use std::sync::{Arc, atomic::AtomicU64};

use domain::Secret;
use storage::{Error, MasterKey};

use crate::world::{TestRandom, World};

fn text(key: &MasterKey) -> String {
    key.to_text().expose().to_owned()
}

#[test]
fn hex_and_every_base64_of_32_bytes_are_the_same_key() {
    let expected = "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=";
    for form in [
        "fb".repeat(32),
        "FB".repeat(32),
        expected.to_owned(),
        expected.trim_end_matches('=').to_owned(),
        expected.replace('+', "-").replace('/', "_"),
        format!("  {expected}\n"),
    ] {
        assert_eq!(text(&MasterKey::from_text(&Secret::new(form.as_str())).unwrap()), expected, "{form}");
    }
}

#[test]
fn anything_but_32_bytes_is_refused() {
    for bad in
        [String::new(), "fb".repeat(31), "zz".repeat(32), "AAAA".to_owned(), "A".repeat(88), "é".repeat(32)]
    {
        let error = MasterKey::from_text(&Secret::new(bad.as_str())).unwrap_err();
        assert!(matches!(error, Error::KeyMalformed), "{bad}");
        assert!(bad.is_empty() || !error.to_string().contains(&bad));
    }
}

#[test]
fn programs_that_start_at_once_make_one_key() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("made/master.key");
    let random = Arc::new(TestRandom::new());
    let starting: Vec<_> = (0..8)
        .map(|_| {
            let (path, random) = (path.clone(), random.clone());
            std::thread::spawn(move || text(&MasterKey::load_or_create(&path, &*random).unwrap()))
        })
        .collect();
    let keys: std::collections::BTreeSet<String> =
        starting.into_iter().map(|key| key.join().unwrap()).collect();
    assert_eq!(keys.len(), 1);
    assert_eq!(text(&MasterKey::load(&path).unwrap()), *keys.first().unwrap());
    assert_eq!(path.parent().unwrap().read_dir().unwrap().count(), 1, "nothing else is left behind");
}

#[cfg(unix)]
#[test]
fn the_file_is_private_and_one_that_others_can_read_is_refused_unchanged() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("master.key");
    let random = TestRandom::new();
    MasterKey::load_or_create(&path, &random).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let before = std::fs::read(&path).unwrap();
    for mode in [0o640, 0o604, 0o660] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let error = MasterKey::load_or_create(&path, &random).unwrap_err();
        assert!(matches!(error, Error::KeyExposed { mode: found, .. } if found == mode));
        assert!(error.to_string().contains("chmod 600"));
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_damaged_file_is_refused_and_not_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("master.key");
    let random = TestRandom::new();
    MasterKey::load_or_create(&path, &random).unwrap();
    for damage in ["", "half a k", &"x".repeat(5000)] {
        std::fs::write(&path, damage).unwrap();
        assert!(matches!(MasterKey::load_or_create(&path, &random), Err(Error::KeyMalformed)));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), damage);
    }
}

#[tokio::test]
async fn keys_stores_and_sealers_print_nothing_of_the_key() {
    let world = World::on_sqlite();
    let store = world.store().await;
    let key = MasterKey::from_text(&Secret::new("11".repeat(32))).unwrap();
    for printed in [format!("{key:?}"), format!("{store:?}"), format!("{:?}", store.sealer())] {
        assert!(!printed.contains("1111") && !printed.contains("17, 17"), "{printed}");
    }
}

impl TestRandom {
    fn new() -> Self {
        Self(AtomicU64::new(0))
    }
}
