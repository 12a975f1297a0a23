//! The newest rows of a mailbox by sequence number: one flight when it is open and nothing arrived.

use domain::Summary;

use super::{
    command::fetch,
    session::{Selected, Session},
};
use crate::Error;

/// How often a window is asked again because the mailbox changed meanwhile.
const TRIES: usize = 4;

/// A page of rows, newest (highest sequence number) first.
#[derive(Debug, Clone)]
pub struct Rows {
    /// The mailbox they are of.
    pub selected: Selected,
    /// The rows with their sequence numbers.
    pub rows: Vec<(u32, Summary)>,
    /// How many messages the mailbox has.
    pub total: u32,
    /// Whether nothing is below the last row.
    pub is_last: bool,
}

/// The newest `count` rows. What was delivered before the call is among them: the window is asked up to
/// `*`, and asked again for what the answer announces beyond it.
pub async fn newest(session: &mut Session, mailbox: &[u8], count: u32) -> Result<Rows, Error> {
    let is_open = session.selected().is_some_and(|selected| selected.name == mailbox);
    let first = if is_open && session.exists() > 0 {
        let low = session.exists().saturating_sub(count.saturating_sub(1)).max(1);
        vec![fetch::rows_from(session.capabilities(), low, None)]
    } else if is_open {
        // An empty mailbox answers a FETCH with BAD; a NOOP tells of arrivals.
        vec![super::command::noop()]
    } else {
        Vec::new()
    };
    let mut known = session.exists();
    let (selected, mut replies) = session.examine(mailbox, first).await?;
    let mut rows: Vec<(u32, Summary)> = Vec::new();
    let mut low = known.saturating_sub(count.saturating_sub(1)).max(1);
    if let Some(reply) = replies.pop() {
        known = take(session, &mut rows, reply?, known).await?;
    } else {
        known = 0;
    }
    for _ in 0..TRIES {
        let exists = session.exists();
        let wanted_low = exists.saturating_sub(count.saturating_sub(1)).max(1);
        let ask = if exists == 0 {
            rows.clear();
            None
        } else if exists < known {
            // Something was expunged: sequence numbers moved, so the window is asked anew.
            rows.clear();
            Some((wanted_low, None))
        } else if exists > known {
            Some((if known == 0 { wanted_low } else { wanted_low.max(known + 1) }, None))
        } else {
            None
        };
        let Some((from, to)) = ask else { break };
        known = exists;
        low = wanted_low;
        let reply = session.run_one(fetch::rows_from(session.capabilities(), from, to)).await?;
        known = take(session, &mut rows, reply, known).await?;
    }
    finish(session, selected, rows, count, low)
}

/// The `count` rows below sequence number `below` whose UIDs are below `uid`. Messages may have been
/// expunged since the page before, so their sequence numbers may be lower by now, never higher.
pub async fn older(
    session: &mut Session,
    mailbox: &[u8],
    below: u32,
    uid: u32,
    count: u32,
) -> Result<Rows, Error> {
    let (selected, _) = session.examine(mailbox, Vec::new()).await?;
    let mut high = below.min(session.exists().saturating_add(1)).saturating_sub(1);
    let mut rows: Vec<(u32, Summary)> = Vec::new();
    let mut low = high.max(1);
    while high > 0 && rows.len() < count as usize {
        let missing = count - u32::try_from(rows.len()).unwrap_or(count);
        low = high.saturating_sub(missing.saturating_sub(1)).max(1);
        let reply = session.run_one(fetch::rows_from(session.capabilities(), low, Some(high))).await?;
        let mut batch = Vec::new();
        gather(&mut batch, fetch::read(reply));
        rows.extend(batch.into_iter().filter(|(_, row)| row.uid < uid));
        high = low - 1;
    }
    finish(session, selected, rows, count, low)
}

/// Takes the rows of a reply and gives the message count they belong to. Where some of the messages are
/// gone already, a NOOP lets the server say so; a count that no mailbox has asks for the window anew.
async fn take(
    session: &mut Session,
    rows: &mut Vec<(u32, Summary)>,
    reply: super::Reply,
    known: u32,
) -> Result<u32, Error> {
    let has_ghosts = fetch::has_ghosts(&reply);
    gather(rows, fetch::read(reply));
    if has_ghosts {
        session.run_one(super::command::noop()).await?;
        return Ok(u32::MAX);
    }
    Ok(known)
}

fn gather(rows: &mut Vec<(u32, Summary)>, fetched: Vec<super::response::Fetch>) {
    for fetch in fetched {
        let sequence = fetch.sequence;
        // Unsolicited flag updates carry no envelope and no size; they are no rows.
        if fetch.size.is_none() && fetch.envelope.is_none() {
            continue;
        }
        rows.extend(fetch::summary(fetch).map(|summary| (sequence, summary)));
    }
}

fn finish(
    session: &Session,
    selected: Selected,
    mut rows: Vec<(u32, Summary)>,
    count: u32,
    low: u32,
) -> Result<Rows, Error> {
    rows.sort_by(|(_, a), (_, b)| b.uid.cmp(&a.uid));
    rows.dedup_by(|(_, a), (_, b)| a.uid == b.uid);
    rows.truncate(count as usize);
    let is_last = rows.last().map_or(low, |(sequence, _)| *sequence) <= 1;
    Ok(Rows { selected, rows, total: session.exists(), is_last })
}
