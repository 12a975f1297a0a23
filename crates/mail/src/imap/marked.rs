//! Messages that are known by a header field: our drafts by their handle, what was sent by its Message-ID.
//!
//! Servers that do not search header fields, or not all of them, are not believed where they find
//! nothing: then the fields of the newest messages are read and compared here.

use domain::Summary;

use super::{
    command::{
        fetch, noop,
        search::{self, Order, Shape},
    },
    pool::Question,
    reading::check_whole,
    search::Argument,
    session::Session,
};
use crate::{Error, mime::header::Headers};

/// How many of the newest messages are looked at where the server is not believed.
const LOOKED_AT: u32 = 200;

/// The messages of one mailbox with a header field that contains a text, newest first.
#[derive(Debug)]
pub struct WithHeader<'a> {
    /// The mailbox.
    pub mailbox: &'a [u8],
    /// The field's name.
    pub field: &'a str,
    /// What its value must contain, in any case.
    pub value: &'a str,
    /// How many of them at the most.
    pub limit: usize,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// The mailbox's UIDVALIDITY.
    pub validity: u32,
    /// Its UID.
    pub uid: u32,
    /// Its row.
    pub summary: Summary,
    /// The value of the field, decoded.
    pub value: String,
}

impl Question for WithHeader<'_> {
    type Answer = Vec<Marked>;

    async fn ask(&self, session: &mut Session) -> Result<Self::Answer, Error> {
        let is_open = session.selected().is_some_and(|selected| selected.name == self.mailbox);
        // What arrived meanwhile is told by the NOOP.
        let first = if is_open { vec![noop()] } else { Vec::new() };
        let (selected, replies) = session.examine(self.mailbox, first).await?;
        replies.into_iter().try_for_each(|reply| reply.map(|_| ()))?;
        let quirks = session.quirks();
        let is_believed = !(quirks.finds_no_text || quirks.folders_are_labels || quirks.searches_only_ascii);
        let mut uids = if quirks.finds_no_text { Vec::new() } else { self.search(session).await? };
        if uids.is_empty() && !is_believed {
            uids = self.look(session).await?;
        }
        uids.truncate(self.limit);
        if uids.is_empty() {
            return Ok(Vec::new());
        }
        let request = fetch::items_of(&uids, &fetch::row_with(session.capabilities(), self.field));
        let reply = session.run_one(request).await?;
        let has_gaps = reply.has_gaps;
        let mut found: Vec<Marked> = Vec::new();
        for fetch in fetch::read(reply).into_iter().filter(|fetch| fetch.size.is_some()) {
            let Some(value) = self.value_in(&fetch) else { continue };
            let Some(summary) = fetch::summary(fetch) else { continue };
            found.push(Marked { validity: selected.validity, uid: summary.uid, summary, value });
        }
        check_whole(has_gaps, found.len() == uids.len())?;
        found.retain(|marked| uids.contains(&marked.uid));
        found.sort_by_key(|marked| std::cmp::Reverse(marked.uid));
        Ok(found)
    }
}

impl WithHeader<'_> {
    async fn search(&self, session: &mut Session) -> Result<Vec<u32>, Error> {
        let criteria = [
            Argument::Atom("HEADER".into()),
            Argument::Atom(self.field.to_owned().into()),
            Argument::Text(self.value.to_owned()),
        ];
        let limit = u32::try_from(self.limit).unwrap_or(u32::MAX).max(1);
        let shape = Shape::choose(session, Order::Filed, 1, limit);
        let request = search::request(session, &criteria, !self.value.is_ascii(), shape, None);
        match session.run_one(request).await {
            Ok(reply) => Ok(search::read(&reply, shape)?.uids),
            Err(error) if error.is_bad_charset() => self.look(session).await,
            Err(error) => Err(error),
        }
    }

    /// Looks through the newest messages.
    async fn look(&self, session: &mut Session) -> Result<Vec<u32>, Error> {
        let exists = session.exists();
        if exists == 0 {
            return Ok(Vec::new());
        }
        let low = exists.saturating_sub(LOOKED_AT - 1).max(1);
        let reply = session.run_one(fetch::fields_from(low, self.field)).await?;
        let has_gaps = reply.has_gaps;
        let fetched = fetch::read(reply);
        let found = fetched.iter().filter(|fetch| self.value_in(fetch).is_some());
        let mut uids: Vec<u32> = found.filter_map(|fetch| fetch.uid).collect();
        check_whole(has_gaps, !uids.is_empty())?;
        uids.sort_unstable_by(|a, b| b.cmp(a));
        Ok(uids)
    }

    /// The field's value if it is what is wanted.
    fn value_in(&self, fetch: &super::response::Fetch) -> Option<String> {
        let wanted = self.value.to_lowercase();
        let values = fetch.sections.iter().filter_map(|section| section.data.as_deref());
        values
            .filter_map(|data| Headers::parse(data).text(self.field))
            .find(|value| value.to_lowercase().contains(&wanted))
    }
}
