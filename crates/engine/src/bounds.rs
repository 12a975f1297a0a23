//! What one call may spend. Every bound is a value that a test can lower; the defaults are the contract's.

use std::time::Duration;

/// The bounds of an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// UIDs that a costly search looks at in one go, newest first.
    pub window: u32,
    /// Rows fetched at a time where we filter ourselves.
    pub batch: usize,
    /// How long a call may filter.
    pub filter_time: Duration,
    /// How many candidates a call may filter, for each account.
    pub filter_candidates: usize,
    /// Octets of text that one page of a thread reads; one message is read in any case.
    pub page_text: u64,
    /// How long a Message-ID is looked for.
    pub look_up: Duration,
    /// How long an account's server may take for its part of a call; then its connections are given up.
    pub answer: Duration,
}

impl Default for Bounds {
    /// Windows of 5,000, batches of 100, 10 s and 2,000 candidates, 8 MB of text, 3 s for a look-up, 60 s in all.
    fn default() -> Self {
        Self {
            window: 5_000,
            batch: 100,
            filter_time: Duration::from_secs(10),
            filter_candidates: 2_000,
            page_text: 8 << 20,
            look_up: Duration::from_secs(3),
            answer: Duration::from_mins(1),
        }
    }
}
