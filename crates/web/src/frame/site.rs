//! What every page can reach, and what the server tells about a request.

use std::sync::Arc;

use access::{Access, Browser, Signup};
use axum::http::{HeaderMap, header::USER_AGENT, request::Parts};
use domain::{ApprovalRule, ClientAddress, Clock, Random, Timestamp};
use engine::Engine;

use super::cookies;

/// Characters of a `User-Agent` that are kept.
const LONGEST_AGENT: usize = 300;

/// What this door needs to know besides.
#[derive(Clone)]
pub struct Settings {
    /// The public URL without a trailing slash.
    pub public_url: String,
    /// The time of day, to say how long ago something was.
    pub clock: Arc<dyn Clock>,
    /// What the cookies of visitors are made of.
    pub random: Arc<dyn Random>,
    /// When the person is asked before mail leaves, if they do not choose otherwise for an agent.
    pub approval: ApprovalRule,
    /// What administrators are told about the process.
    pub process: Arc<dyn Process>,
}

/// What administrators are told about the process that serves them; no secret is among it.
pub trait Process: Send + Sync {
    /// The program's version.
    fn version(&self) -> &str;
    /// Since when it runs.
    fn since(&self) -> Timestamp;
    /// Octets that are free where the data is, if that can be told.
    fn free_octets(&self) -> Option<u64>;
    /// What the operator set, as it holds: a name in words, and its value.
    fn limits(&self) -> Vec<(&'static str, String)>;
    /// Work that goes on beside requests.
    fn works(&self) -> Vec<Work>;
}

/// Work that goes on beside requests, every now and then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// What it does, in words.
    pub what: &'static str,
    /// When it was done last.
    pub done: Option<Timestamp>,
    /// When it last failed.
    pub failed: Option<Timestamp>,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

/// What every page can reach. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Site {
    /// Who may.
    pub(crate) access: Access,
    /// What happens to mail.
    pub(crate) engine: Engine,
    /// The rest.
    pub(crate) settings: Arc<Settings>,
}

impl Site {
    pub(crate) fn new(access: Access, engine: Engine, settings: Settings) -> Self {
        Self { access, engine, settings: Arc::new(settings) }
    }

    /// The public URL without a trailing slash.
    pub(crate) fn public_url(&self) -> &str {
        &self.settings.public_url
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        self.settings.clock.now()
    }

    /// Whether people reach the server over TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.settings.public_url.starts_with("https://")
    }

    /// Whether anybody may make themselves a user.
    pub(crate) fn is_open(&self) -> bool {
        self.access.settings().signup == Signup::Open
    }

    /// The browser that a request comes from.
    pub(crate) fn browser(&self, parts: &Parts) -> Browser {
        let address = parts.extensions.get::<ClientAddress>();
        Browser {
            address: address.map(|address| address.0.to_string()).unwrap_or_default(),
            user_agent: user_agent(&parts.headers),
            device: cookies::device(self, &parts.headers),
            visit: None,
        }
    }
}

fn user_agent(headers: &HeaderMap) -> String {
    let agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    agent.chars().take(LONGEST_AGENT).collect()
}
