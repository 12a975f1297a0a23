//! The pages in a real browser, and the clients of others that send people to them. What the browser does is in
//! `browser-tests/`; here the world is stood up and what was seen is judged.

mod approving;
mod activity;
mod clients;
mod fresh_start;
mod sign_in;
mod privacy;
mod passkeys;
mod outbox;
mod survey;
mod world;
