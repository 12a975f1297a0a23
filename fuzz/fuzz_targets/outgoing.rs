//! Feeds `check` of `src/outgoing.rs`.

#![no_main]

#[path = "../src/outgoing.rs"]
mod outgoing;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| outgoing::check(octets));
