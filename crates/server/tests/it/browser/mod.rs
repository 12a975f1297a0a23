//! The pages in a real browser, and the clients of others that send people to them. What the browser does is in
//! `browser-tests/`; here the world is stood up and what was seen is judged.

mod activity;
mod approving;
mod clients;
mod connect;
mod fresh_start;
mod hostile;
mod outbox;
mod passkeys;
mod privacy;
mod proving;
mod sign_in;
mod survey;
mod world;
