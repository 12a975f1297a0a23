//! Sealing: what opens, and everything that does not.

use std::sync::{Arc, atomic::AtomicU64};

use domain::Secret;
use storage::{Error, MasterKey, Sealer};

use crate::world::TestRandom;

fn sealer(key: &str) -> Sealer {
    let key = MasterKey::from_text(&Secret::new(key.repeat(32))).unwrap();
    Sealer::new(key, Arc::new(TestRandom(AtomicU64::new(0))))
}

#[test]
fn what_was_sealed_opens_in_its_purpose_and_context_alone() {
    let sealer = sealer("11");
    let sealed = sealer.seal("cursor", &["ab", "c"], b"page two");
    assert_eq!(*sealer.open("cursor", &["ab", "c"], &sealed).unwrap(), b"page two");
    let elsewhere: [(&str, &[&str]); 5] = [
        ("link", &["ab", "c"]),
        ("cursor", &["a", "bc"]),
        ("cursor", &["ab"]),
        ("cursor", &["ab", "c", ""]),
        ("cursorab", &["c"]),
    ];
    for (purpose, context) in elsewhere {
        let opened = sealer.open(purpose, context, &sealed);
        assert!(matches!(opened, Err(Error::Seal)), "{purpose} {context:?}");
    }
}

#[test]
fn every_flipped_bit_and_every_cut_is_noticed() {
    let sealer = sealer("11");
    let sealed = sealer.seal("cursor", &[], b"x");
    for position in 0..sealed.len() * 8 {
        let mut flipped = sealed.clone();
        flipped[position / 8] ^= 1 << (position % 8);
        assert!(sealer.open("cursor", &[], &flipped).is_err(), "bit {position}");
    }
    for length in 0..sealed.len() {
        assert!(sealer.open("cursor", &[], &sealed[..length]).is_err(), "cut at {length}");
    }
}

#[test]
fn another_master_key_is_told_from_damage() {
    let sealed = sealer("11").seal("cursor", &[], b"x");
    assert!(matches!(sealer("22").open("cursor", &[], &sealed), Err(Error::WrongKey)));
}

#[test]
fn the_same_bytes_never_look_the_same() {
    let sealer = sealer("11");
    assert_ne!(sealer.seal("cursor", &[], b"x"), sealer.seal("cursor", &[], b"x"));
}

#[test]
fn text_seals_are_base64url_and_other_text_is_refused() {
    let sealer = sealer("11");
    let text = sealer.seal_text("cursor", &["gra_1"], &[0xff; 64]);
    assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{text}");
    assert_eq!(*sealer.open_text("cursor", &["gra_1"], &text).unwrap(), [0xff; 64]);
    for other in ["", "%%%", "AAAA", &format!("{text}="), &format!(" {text}")] {
        assert!(sealer.open_text("cursor", &["gra_1"], other).is_err(), "{other}");
    }
}
