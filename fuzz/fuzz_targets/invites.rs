//! Feeds `check` of `src/invites.rs`.

#![no_main]

#[path = "../src/invites.rs"]
mod invites;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| invites::check(octets));
