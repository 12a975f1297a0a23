//! Feeds `check` of `src/replies.rs`.

#![no_main]

#[path = "../src/replies.rs"]
mod replies;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| replies::check(octets));
