//! Feeds `check` of `src/mime.rs`.

#![no_main]

#[path = "../src/mime.rs"]
mod mime;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| mime::check(octets));
