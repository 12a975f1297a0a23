//! How long a call may take. What has to move many octets puts its end off as it moves, as downloads do.

use std::time::Duration;

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use crate::settings::Settings;

/// The bounds of every call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For a call that moves nothing.
    whole: Duration,
    /// For each move.
    idle: Duration,
    /// For a call that moves all the time.
    longest: Duration,
}

impl Patience {
    pub(crate) fn of(settings: &Settings) -> Self {
        let (idle, longest) = (settings.download_idle, settings.download_longest);
        Self { whole: settings.deadline, idle, longest }
    }
}

/// When one call ends.
#[derive(Debug)]
pub(crate) struct Deadline {
    at: watch::Sender<Instant>,
    last: Instant,
    idle: Duration,
}

impl Deadline {
    /// Of a call that begins now.
    pub(crate) fn of(patience: Patience) -> Self {
        let now = Instant::now();
        Self {
            at: watch::Sender::new(now + patience.whole),
            last: now + patience.longest,
            idle: patience.idle,
        }
    }

    /// Something moved.
    pub(crate) fn put_off(&self) {
        self.put_off_for(self.idle);
    }

    /// A person is waited for, who takes their time.
    pub(crate) fn put_off_for(&self, wait: Duration) {
        let later = (Instant::now() + wait).min(self.last);
        self.at.send_modify(|at| *at = later.max(*at));
    }

    /// Returns when nothing has moved for too long.
    pub(crate) async fn passed(&self) {
        loop {
            let at = *self.at.borrow();
            if at <= Instant::now() {
                return;
            }
            sleep_until(at).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn end(deadline: &Deadline) -> Instant {
        *deadline.at.borrow()
    }

    #[test]
    fn what_moves_puts_the_end_off_and_never_nearer_nor_for_ever() {
        let patience = Patience { whole: Duration::ZERO, idle: HOUR, longest: HOUR * 2 };
        let deadline = Deadline::of(patience);
        let first = end(&deadline);
        deadline.put_off();
        assert!(end(&deadline) >= first + HOUR);
        let deadline = Deadline::of(Patience { whole: HOUR, idle: Duration::ZERO, ..patience });
        let first = end(&deadline);
        deadline.put_off();
        assert_eq!(end(&deadline), first);
        let deadline = Deadline::of(Patience { idle: HOUR * 9, ..patience });
        let first = end(&deadline);
        deadline.put_off();
        assert_eq!(end(&deadline), first + HOUR * 2);
    }

    #[tokio::test]
    async fn a_deadline_that_was_put_off_has_not_passed() {
        let deadline = Deadline::of(Patience { whole: Duration::ZERO, idle: HOUR, longest: HOUR });
        deadline.passed().await;
        deadline.put_off();
        let waiting = tokio::time::timeout(Duration::from_millis(10), deadline.passed());
        assert!(waiting.await.is_err());
    }
}
