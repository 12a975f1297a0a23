//! Finding the place in a sorted result again, after others deleted the row it was known by, or so many
//! before it that it moved out of sight. An agent that tidies up what it was shown does just that.

use mail::{
    Error,
    imap::{
        Session,
        command::search::{self, Order, Shape},
        search::Plan,
    },
};

use super::{
    Search,
    progress::{Progress, seconds},
};
use crate::cursor::At;

impl Search<'_> {
    /// Asks for all rows down to the page and goes on behind those that were received before the last
    /// one: rows only move up, so the place is among them. Of rows received in the same second the lower
    /// sequence number comes first (RFC 5256, 3).
    pub(super) async fn find_place(
        &self,
        session: &mut Session,
        folder: &mut Progress,
        plan: &Plan,
        page: u32,
    ) -> Result<(), Error> {
        let At::Sorted(place) = folder.at else { return Ok(()) };
        let shape = Shape::choose(session, Order::Received, 1, place.offset.saturating_add(page));
        let window = Some((1, place.bound.saturating_sub(1).max(1)));
        let request = search::request(session, &plan.criteria, plan.charset.is_some(), shape, window);
        let (_, mut replies) = session.examine(&folder.task.folder.wire_name, vec![request]).await?;
        let reply = replies.pop().unwrap_or(Err(Error::Protocol("no answer to a search")))?;
        let mut found = search::read(&reply, shape)?;
        let known = found.uids.iter().position(|uid| *uid == place.last).map(|at| at + 1);
        let skip = if let Some(known) = known {
            known
        } else {
            let (mut low, mut high) = (0, found.uids.len());
            while low < high {
                let middle = low + (high - low) / 2;
                let Some(uid) = found.uids.get(middle).copied() else { break };
                match self.row_of(session, folder, uid).await? {
                    Some(row) if (seconds(&row), place.last) > (place.seconds, row.uid) => low = middle + 1,
                    Some(_) => high = middle,
                    None => {
                        found.uids.remove(middle);
                        found.total = found.total.saturating_sub(1);
                        high -= 1;
                    }
                }
            }
            low
        };
        folder.go_on_at(place, 0, &found, skip);
        Ok(())
    }
}
