//! Time and randomness as values that are passed in, so that a test can choose them.

/// A point in time, always UTC.
pub type Timestamp = time::OffsetDateTime;

/// Tells the time of day. For measuring durations use a monotonic clock instead.
pub trait Clock: Send + Sync {
    /// The current time in UTC.
    fn now(&self) -> Timestamp;
}

/// A source of randomness fit for keys.
pub trait Random: Send + Sync {
    /// Fills `bytes` with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// A clock that stands still: for tests and for replaying.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}
