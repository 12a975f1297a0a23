//! The newest rows of a mailbox by sequence number: one flight when it is open and nothing arrived.

use domain::Summary;

use super::{
    command::fetch,
    request::Reply,
    response::Code,
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
    /// Whether a row may be missing because what the server said of it could not be read.
    pub has_gaps: bool,
}

/// The newest `count` rows. What was delivered before the call is among them: the window is asked up to
/// `*`, and asked again for what the answer announces beyond it.
pub async fn newest(session: &mut Session, mailbox: &[u8], count: u32) -> Result<Rows, Error> {
    let lowest = |exists: u32| exists.saturating_sub(count.saturating_sub(1)).max(1);
    let is_open = session.selected().is_some_and(|selected| selected.name == mailbox);
    let mut known = if is_open { session.exists() } else { 0 };
    let mut expunged = session.expunged();
    let first = match (is_open, known) {
        (false, _) => Vec::new(),
        // An empty mailbox answers a FETCH with BAD; a NOOP tells of arrivals.
        (true, 0) => vec![super::command::noop()],
        // The NOOP behind it has the server look for deliveries that others made behind its back, and
        // lets it tell what vanished; in front of the FETCH it would come too late for the answer anyway.
        (true, _) => {
            let rows = fetch::rows_from(session.capabilities(), lowest(known), None);
            vec![rows, super::command::news()]
        }
    };
    let (mut selected, replies) = session.examine(mailbox, first).await?;
    if !is_open {
        expunged = session.expunged();
    }
    let mut rows: Vec<(u32, Summary)> = Vec::new();
    let mut has_gaps = false;
    let mut low = lowest(known);
    let mut reply = join(replies);
    for round in 0..TRIES {
        match reply.take() {
            Some(Ok(reply)) => {
                let is_short = is_short_of_expunged(reply.status.code.as_ref());
                has_gaps |= gather(&mut rows, reply);
                if is_short && session.expunged() == expunged {
                    sync(session).await?;
                }
            }
            // Numbers that the server says it does not have, or a mailbox that it closed: opened anew.
            Some(Err(Error::Refused { .. })) if is_open && round == 0 => {
                selected = session.examine(mailbox, Vec::new()).await?.0;
                expunged = session.expunged();
                rows.clear();
                known = 0;
            }
            Some(Err(error)) => return Err(error),
            None => {}
        }
        let exists = session.exists();
        if session.expunged() != expunged || exists < known {
            // Something was expunged: sequence numbers moved, so the window is asked anew.
            expunged = session.expunged();
            rows.clear();
            has_gaps = false;
            known = 0;
        }
        if exists == known {
            break;
        }
        low = lowest(exists);
        let from = low.max(known + 1);
        known = exists;
        reply = Some(session.run_one(fetch::rows_from(session.capabilities(), from, None)).await);
    }
    if let Some(reply) = reply {
        has_gaps |= gather(&mut rows, reply?);
    }
    Ok(finish(session, selected, rows, has_gaps, count, low))
}

/// The reply to the FETCH with what the NOOP behind it brought: flags that changed meanwhile.
fn join(replies: Vec<Result<Reply, Error>>) -> Option<Result<Reply, Error>> {
    let mut replies = replies.into_iter();
    let mut first = replies.next()?;
    if let Ok(first) = &mut first {
        for news in replies {
            match news {
                Ok(news) => {
                    first.has_gaps |= news.has_gaps;
                    first.data.extend(news.data);
                }
                Err(error) if error.ends_connection() => return Some(Err(error)),
                Err(_) => {}
            }
        }
    }
    Some(first)
}

/// Whether messages were left out of an answer because they are expunged and we were not told yet.
fn is_short_of_expunged(code: Option<&Code>) -> bool {
    matches!(code, Some(Code::Other(name, _)) if name == "EXPUNGEISSUED")
}

/// Lets the server tell what it may not tell during a FETCH (RFC 9051, 7.5.1).
async fn sync(session: &mut Session) -> Result<(), Error> {
    session.run_one(super::command::noop()).await.map(|_| ())
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
    let mut has_gaps = false;
    let mut low = high.max(1);
    while high > 0 && rows.len() < count as usize {
        let missing = count - u32::try_from(rows.len()).unwrap_or(count);
        low = high.saturating_sub(missing.saturating_sub(1)).max(1);
        let reply = session.run_one(fetch::rows_from(session.capabilities(), low, Some(high))).await?;
        let mut batch = Vec::new();
        has_gaps |= gather(&mut batch, reply);
        rows.extend(batch.into_iter().filter(|(_, row)| row.uid < uid));
        high = low - 1;
    }
    Ok(finish(session, selected, rows, has_gaps, count, low))
}

/// Adds the rows of a reply; whether some of it could not be read.
fn gather(rows: &mut Vec<(u32, Summary)>, reply: Reply) -> bool {
    let has_gaps = reply.has_gaps;
    for fetch in fetch::read(reply) {
        let sequence = fetch.sequence;
        // Unsolicited flag updates carry no envelope and no size; they are no rows.
        if fetch.size.is_none() && fetch.envelope.is_none() {
            continue;
        }
        rows.extend(fetch::summary(fetch).map(|summary| (sequence, summary)));
    }
    has_gaps
}

fn finish(
    session: &Session,
    selected: Selected,
    mut rows: Vec<(u32, Summary)>,
    has_gaps: bool,
    count: u32,
    low: u32,
) -> Rows {
    rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.uid));
    rows.dedup_by(|(_, a), (_, b)| a.uid == b.uid);
    rows.truncate(count as usize);
    let is_last = rows.last().map_or(low, |(sequence, _)| *sequence) <= 1;
    let has_gaps = has_gaps && rows.len() < count as usize;
    Rows { selected, rows, total: session.exists(), is_last, has_gaps }
}
