//! Durations that were measured, and what is told of them. Also the loop in which two sides take turns.

use std::time::Duration;

use crate::Failure;

/// The durations of one side, in ascending order; at least one.
#[derive(Debug, Clone)]
pub(super) struct Samples(Vec<Duration>);

impl Samples {
    /// Of what was measured.
    pub(super) fn new(mut durations: Vec<Duration>) -> Result<Self, Failure> {
        if durations.is_empty() {
            return Err(Failure::Failed("nothing was measured".into()));
        }
        durations.sort_unstable();
        Ok(Self(durations))
    }

    /// Half took at most this long.
    pub(super) fn median(&self) -> Duration {
        self.at(50)
    }

    /// The fastest.
    pub(super) fn min(&self) -> Duration {
        self.at(0)
    }

    /// Nine of ten took at most this long.
    pub(super) fn p90(&self) -> Duration {
        self.at(90)
    }

    fn at(&self, percent: usize) -> Duration {
        let last = self.0.len() - 1;
        self.0[(last * percent).div_ceil(100)]
    }
}

/// Both sides of one measurement.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) product: Samples,
    pub(super) floor: Samples,
}

/// Calls both in turn, `warm_up` times unmeasured and then `rounds` times; each is told the number of its
/// call and tells how long it took.
pub(super) fn take_turns(
    warm_up: usize,
    rounds: usize,
    mut product: impl FnMut(usize) -> Result<Duration, Failure>,
    mut floor: impl FnMut(usize) -> Result<Duration, Failure>,
) -> Result<Pair, Failure> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for number in 0..warm_up + rounds {
        let pair = (product(number)?, floor(number)?);
        if number >= warm_up {
            ours.push(pair.0);
            theirs.push(pair.1);
        }
    }
    Ok(Pair { product: Samples::new(ours)?, floor: Samples::new(theirs)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_minimum_and_ninetieth_percent() {
        let samples = Samples::new((1..=11).rev().map(Duration::from_millis).collect()).unwrap();
        let told = [samples.min(), samples.median(), samples.p90()].map(|duration| duration.as_millis());
        assert_eq!(told, [1, 6, 10]);
    }

    #[test]
    fn sides_take_turns_and_the_warm_up_does_not_count() {
        let order = std::cell::RefCell::new(String::new());
        let side = |name: char| {
            let order = &order;
            move |number: usize| {
                order.borrow_mut().push(name);
                Ok(Duration::from_secs(if number < 2 { 100 } else { 1 }))
            }
        };
        let pair = take_turns(2, 3, side('p'), side('f')).unwrap();
        assert_eq!(order.into_inner(), "pfpfpfpfpf");
        assert_eq!(pair.product.p90().max(pair.floor.p90()).as_secs(), 1);
    }
}
