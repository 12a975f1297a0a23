//! From text/calendar to events.

use super::{CalendarError, Invite};

/// Reads a calendar.
pub fn parse(_octets: &[u8]) -> Result<Invite, CalendarError> {
    Err(CalendarError::Unreadable)
}
