//! One message as a list shows it, asked for by its UID. Many at once come with a listing or a search.

use domain::Summary;

use super::{command::fetch, pool::Question, reading::check_whole, session::Session};
use crate::Error;

/// The row of one message.
#[derive(Debug)]
pub struct Row<'a> {
    /// The mailbox.
    pub mailbox: &'a [u8],
    /// The UIDVALIDITY that the UID belongs to.
    pub validity: u32,
    /// The message.
    pub uid: u32,
}

/// What there is under a UID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The message.
    Row(Box<Summary>),
    /// Nothing: it was moved or deleted.
    Gone,
    /// The mailbox has another UIDVALIDITY: the UID is of before.
    Stale,
}

impl Question for Row<'_> {
    type Answer = Found;

    async fn ask(&self, session: &mut Session) -> Result<Found, Error> {
        let request = fetch::rows_of(session.capabilities(), &[self.uid]);
        let (selected, mut replies) = session.examine(self.mailbox, vec![request]).await?;
        if selected.validity != self.validity {
            return Ok(Found::Stale);
        }
        let reply = replies.pop().unwrap_or(Err(Error::Protocol("no answer to a fetch")))?;
        let has_gaps = reply.has_gaps;
        let rows = fetch::read(reply).into_iter().filter(|fetch| fetch.size.is_some());
        let row = rows.filter_map(fetch::summary).find(|row| row.uid == self.uid);
        check_whole(has_gaps, row.is_some())?;
        Ok(row.map_or(Found::Gone, |row| Found::Row(Box::new(row))))
    }
}
