//! What administrators are told about this process: since when it runs, what goes on beside requests, what the
//! operator set. No secret and no file's path is among it.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use domain::{ApprovalRule, Clock as _, Timestamp};
use web::Work;

use crate::{
    config::{Config, PublicUrl, Signup},
    wire::SystemClock,
};

/// When work that goes on beside requests was done and when it failed. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Works(Arc<Mutex<Vec<Work>>>);

impl Works {
    /// Notes that it was done, or has failed, now.
    pub(crate) fn note(&self, what: &'static str, is_done: bool) {
        let now = Some(SystemClock.now());
        let mut works = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = works.iter().position(|work| work.what == what).unwrap_or_else(|| {
            works.push(Work { what, done: None, failed: None });
            works.len() - 1
        });
        if let Some(work) = works.get_mut(at) {
            *(if is_done { &mut work.done } else { &mut work.failed }) = now;
        }
    }

    fn all(&self) -> Vec<Work> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// This process.
pub(crate) struct About {
    since: Timestamp,
    works: Works,
    data: Option<PathBuf>,
    limits: Vec<(&'static str, String)>,
}

impl About {
    /// A process that begins now.
    pub(crate) fn new(config: &Config, public_url: &PublicUrl, works: Works) -> Self {
        let data = config.data_directory().ok();
        Self { since: SystemClock.now(), works, data, limits: limits(config, public_url) }
    }
}

impl web::Process for About {
    fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    fn since(&self) -> Timestamp {
        self.since
    }

    fn free_octets(&self) -> Option<u64> {
        free_octets(self.data.as_ref()?)
    }

    fn limits(&self) -> Vec<(&'static str, String)> {
        self.limits.clone()
    }

    fn works(&self) -> Vec<Work> {
        self.works.all()
    }
}

#[cfg(unix)]
fn free_octets(path: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(path).ok()?;
    found.f_bavail.checked_mul(found.f_frsize)
}

#[cfg(not(unix))]
fn free_octets(_: &Path) -> Option<u64> {
    None
}

fn limits(config: &Config, public_url: &PublicUrl) -> Vec<(&'static str, String)> {
    let access = access::Settings::default();
    let database = match &config.keeping.database_url {
        None => "SQLite in the data directory",
        Some(url) if url.expose().starts_with("sqlite:") => "SQLite in a file that the operator chose",
        Some(_) => "PostgreSQL",
    };
    let signup = match config.signing_in.signup {
        Signup::Invite => "who was invited",
        Signup::Open => "anybody",
        Signup::Off => "nobody",
    };
    let delay = match config.agents.send_delay.0 {
        0 => "leaves at once".to_owned(),
        seconds => format!("can be taken back for {seconds} s"),
    };
    let asks = match config.agents.approval {
        ApprovalRule::Always => "always",
        ApprovalRule::NewRecipients => "to new recipients",
        ApprovalRule::AfterStrangers => "to new recipients, after reading mail of strangers",
        ApprovalRule::Never => "never",
    };
    vec![
        ("Public address", public_url.as_str().to_owned()),
        ("Database", database.to_owned()),
        ("Who may join", signup.to_owned()),
        ("Ways in for agents", config.signing_in.doors.0.join(", ")),
        ("A token of an agent lives", length(config.signing_in.access_ttl.0)),
        ("A sign-in of an agent that is not used lives", length(config.signing_in.refresh_ttl.0)),
        ("Asks before mail leaves, if nothing else is chosen", asks.to_owned()),
        ("Mail that may leave", delay),
        ("Calls of an agent", format!("{} an hour, {} at once", access.calls_per_hour, access.burst)),
        (
            "Metrics",
            told(config.operations.metrics_token.is_some() || config.operations.metrics_listen.is_some()),
        ),
    ]
}

fn told(is_on: bool) -> String {
    if is_on { "on" } else { "off" }.to_owned()
}

fn length(seconds: u32) -> String {
    match seconds {
        0 => "not at all".to_owned(),
        _ if seconds.is_multiple_of(86_400) => many(seconds / 86_400, "day"),
        _ if seconds.is_multiple_of(3_600) => many(seconds / 3_600, "hour"),
        _ => many(seconds, "second"),
    }
}

fn many(count: u32, unit: &str) -> String {
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_told_in_the_largest_unit_that_fits() {
        for (seconds, told) in [
            (0, "not at all"),
            (1, "1 second"),
            (90, "90 seconds"),
            (3_600, "1 hour"),
            (2_592_000, "30 days"),
        ] {
            assert_eq!(length(seconds), told);
        }
    }

    #[test]
    fn work_is_told_by_when_it_was_done_and_when_it_failed() {
        let works = Works::default();
        works.note("one", true);
        works.note("two", false);
        works.note("one", false);
        let all = works.all();
        assert_eq!(all.iter().map(|work| work.what).collect::<Vec<_>>(), ["one", "two"]);
        assert!(all[0].done.is_some() && all[0].failed.is_some());
        assert!(all[1].done.is_none() && all[1].failed.is_some());
    }
}
