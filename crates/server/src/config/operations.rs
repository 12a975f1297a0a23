//! What the operator sees: logs and metrics; and where attachments are handed over.

use std::net::SocketAddr;

use domain::Secret;
use url::Url;

use super::setting::{choice, section};

section! {
    /// What the operator sees: logs and metrics; and where attachments are handed over.
    #[expect(dead_code, reason = "some are checked only, until what they are for exists")]
    "Operations" Operations {
        /// What is logged: a level, or levels by room such as `info,postroom_mail=debug`. Never content.
        log: String = Plain (default "info");
        /// `text`, or `json` with one object a line.
        log_format: LogFormat = Plain (default "text");
        /// The bearer token that `/metrics` answers to.
        metrics_token: Option<Secret> = Secret (example "");
        /// An address of its own for `/metrics`, where it answers to everybody.
        metrics_listen: Option<SocketAddr> = Plain (example "127.0.0.1:9143");
        /// An S3-compatible bucket through which attachments are handed over; keys in AWS_* variables.
        s3_url: Option<Url> = Later (example "https://s3.example.org/postroom");
    }
}

choice! {
    /// How log lines are written.
    LogFormat {
        /// For people.
        Text "text";
        /// For machines.
        Json "json";
    }
}
