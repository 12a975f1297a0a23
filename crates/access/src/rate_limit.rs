//! How often a grant may call: so many an hour, some of them at once. In memory of this process.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::GrantId;
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock, Reference},
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};

const HOUR: Duration = Duration::from_hours(1);

/// Grants that are remembered before those at rest are swept out.
const REMEMBERED: usize = 4096;

type Rate<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// Counts calls of grants.
pub struct RateLimit<C: Clock = DefaultClock> {
    clock: C,
    calls_per_hour: u32,
    burst: u32,
    grants: Mutex<HashMap<GrantId, Counted<C>>>,
}

struct Counted<C: Clock> {
    calls_per_hour: u32,
    last: C::Instant,
    rate: Rate<C>,
}

impl RateLimit {
    /// With these limits for grants that set none of their own.
    pub fn new(calls_per_hour: u32, burst: u32) -> Self {
        Self::with_clock(calls_per_hour, burst, DefaultClock::default())
    }
}

impl<C: Clock + Clone> RateLimit<C> {
    fn with_clock(calls_per_hour: u32, burst: u32, clock: C) -> Self {
        Self { clock, calls_per_hour, burst, grants: Mutex::default() }
    }

    /// Counts one call; an error is the whole seconds (at least 1) after which the next one is let
    /// through. A changed limit of a grant holds from the next call on.
    pub fn count(&self, grant: &GrantId, calls_per_hour: Option<u32>) -> Result<(), u64> {
        let calls_per_hour = calls_per_hour.unwrap_or(self.calls_per_hour);
        let Some(quota) = self.quota(calls_per_hour) else { return Err(HOUR.as_secs()) };
        let now = self.clock.now();
        let mut grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        if grants.len() >= REMEMBERED && !grants.contains_key(grant) {
            sweep(&mut grants, now);
        }
        let new = || Counted {
            calls_per_hour,
            last: now,
            rate: RateLimiter::direct_with_clock(quota, self.clock.clone()),
        };
        let counted = grants.entry(grant.clone()).or_insert_with(new);
        if counted.calls_per_hour != calls_per_hour {
            *counted = new();
        }
        counted.last = now;
        counted.rate.check().map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
        })
    }

    fn quota(&self, calls_per_hour: u32) -> Option<Quota> {
        let burst = NonZeroU32::new(self.burst.min(calls_per_hour))?;
        Quota::with_period(HOUR.checked_div(calls_per_hour)?).map(|quota| quota.allow_burst(burst))
    }
}

/// Forgets grants that have not called for an hour: whatever they had used up has come back. If
/// none has, half of them go, which lets those call somewhat more often.
fn sweep<C: Clock>(grants: &mut HashMap<GrantId, Counted<C>>, now: C::Instant) {
    let hour = governor::nanos::Nanos::from(HOUR);
    grants.retain(|_, counted| now.duration_since(counted.last) < hour);
    if grants.len() >= REMEMBERED {
        let mut keep = true;
        grants.retain(|_, _| {
            keep = !keep;
            keep
        });
    }
}
#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn grant(name: &str) -> GrantId {
        GrantId::from_text(name)
    }

    #[test]
    fn sixty_calls_come_at_once_and_then_one_every_six_seconds() {
        let clock = FakeRelativeClock::default();
        let rates = RateLimit::with_clock(600, 60, clock.clone());
        for call in 0..60 {
            assert_eq!(rates.count(&grant("a"), None), Ok(()), "call {call}");
        }
        assert_eq!(rates.count(&grant("a"), None), Err(6));
        assert_eq!(rates.count(&grant("b"), None), Ok(()), "another grant has its own count");
        clock.advance(Duration::from_millis(5500));
        assert_eq!(rates.count(&grant("a"), None), Err(1));
        clock.advance(Duration::from_millis(500));
        assert_eq!(rates.count(&grant("a"), None), Ok(()));
        assert_eq!(rates.count(&grant("a"), None), Err(6));
    }

    #[test]
    fn a_grant_may_set_a_limit_of_its_own_and_change_it() {
        let rates = RateLimit::with_clock(600, 60, FakeRelativeClock::default());
        assert_eq!(rates.count(&grant("a"), Some(2)), Ok(()));
        assert_eq!(rates.count(&grant("a"), Some(2)), Ok(()));
        assert_eq!(rates.count(&grant("a"), Some(2)), Err(1800));
        assert_eq!(rates.count(&grant("a"), Some(100)), Ok(()));
        assert_eq!(rates.count(&grant("a"), Some(0)), Err(3600));
    }

    #[test]
    fn memory_is_bounded_and_a_busy_grant_survives_the_sweep() {
        let clock = FakeRelativeClock::default();
        let rates = RateLimit::with_clock(600, 60, clock.clone());
        for number in 0..REMEMBERED - 1 {
            rates.count(&grant(&number.to_string()), None).unwrap();
        }
        clock.advance(HOUR);
        for _ in 0..60 {
            rates.count(&grant("busy"), None).unwrap();
        }
        rates.count(&grant("new"), None).unwrap();
        assert!(rates.grants.lock().unwrap().len() <= 2, "those at rest are gone");
        assert!(rates.count(&grant("busy"), None).is_err());
        for number in 0..3 * REMEMBERED {
            rates.count(&grant(&number.to_string()), None).unwrap();
            assert!(rates.grants.lock().unwrap().len() <= REMEMBERED);
        }
    }
}
