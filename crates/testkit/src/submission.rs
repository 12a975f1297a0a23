//! A real submission server in front of a sink: Dovecot's, with TLS from the first byte and STARTTLS, and
//! with every SASL mechanism of Dovecot. What it is handed arrives in the sink.

use std::{ops::Deref, path::Path};

use crate::{
    dovecot::{Dovecot, Options, require_dovecot},
    left_out::left_out,
    smtp_sink::SmtpSink,
};

/// A Dovecot of which it is known that submission is there; its mailboxes are there too.
#[derive(Debug)]
pub struct Submission {
    dovecot: Dovecot,
    tls_port: u16,
    starttls_port: u16,
}

/// For tests: what is wanted, or none with a printed line where Dovecot or its submission server is missing.
///
/// # Panics
/// When one of them is missing and `CI=true`, and when they are there but do not start.
pub fn require_submission(options: Options) -> Option<Submission> {
    let dovecot = require_dovecot(options.with_submission())?;
    let (Some(tls_port), Some(starttls_port)) = (dovecot.submissions_port(), dovecot.submission_port())
    else {
        left_out("dovecot-submissiond is missing: run `cargo xtask test`");
        return None;
    };
    Some(Submission { dovecot, tls_port, starttls_port })
}

impl Submission {
    /// The port with TLS from the first byte, on the names and addresses of the server's certificate.
    pub fn tls_port(&self) -> u16 {
        self.tls_port
    }

    /// The port with STARTTLS.
    pub fn starttls_port(&self) -> u16 {
        self.starttls_port
    }

    /// PEM of the authority that signed the certificate.
    pub fn ca_file(&self) -> &Path {
        self.dovecot.ca_file()
    }

    /// Where the mail arrives.
    ///
    /// # Panics
    /// Never: there is no submission without it.
    #[expect(clippy::expect_used, reason = "there is no submission without a sink")]
    pub fn sink(&self) -> &SmtpSink {
        self.dovecot.sink().expect("a sink")
    }
}

impl Deref for Submission {
    type Target = Dovecot;

    fn deref(&self) -> &Dovecot {
        &self.dovecot
    }
}
