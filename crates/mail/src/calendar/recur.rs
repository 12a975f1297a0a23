//! When an event takes place.

use domain::Timestamp;

use super::{Event, Invite, Occurrence};

pub(super) fn occurrences(
    _invite: &Invite,
    _event: &Event,
    _after: Timestamp,
    _limit: usize,
) -> Vec<Occurrence> {
    Vec::new()
}
