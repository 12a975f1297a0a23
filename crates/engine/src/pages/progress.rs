//! One folder while the rounds go on: what is asked of it next, and what became of it.

use std::{collections::VecDeque, sync::Arc};

use domain::{FolderName, Summary, Timestamp};
use mail::imap::{
    Session,
    command::search::{Found, Order, Shape},
    session::Selected,
};

use super::{Given, Missing, Outcome, Task, is_makeshift, is_sort, order};
use crate::{
    cursor::{At, Sorted},
    merge::Offer,
};

/// How many rows before the place are asked again, to find it after deletions.
const OVERLAP: u32 = 10;

pub(super) struct Progress {
    pub(super) task: Task,
    /// What agents may call the folder.
    pub(super) names: Vec<FolderName>,
    pub(super) order: Order,
    pub(super) validity: u32,
    pub(super) rows: Vec<(Arc<Summary>, At)>,
    /// UIDs found and not fetched yet, in order.
    pub(super) pending: VecDeque<u32>,
    /// The place behind everything looked at.
    pub(super) at: At,
    /// No UID from here up is searched for any more, where windows are used.
    searched_to: Option<u32>,
    pub(super) is_searched: bool,
    /// The last row of the page before is not where it was: its place must be looked for.
    pub(super) is_lost: bool,
    pub(super) matched: u64,
    /// What the server counted; of the first round, since later ones ask for the rest only.
    counted: Option<u64>,
    pub(super) oldest: Option<Timestamp>,
    pub(super) failure: Option<Missing>,
    /// Whether a row that was found could not be read.
    pub(super) has_gaps: bool,
}

impl Progress {
    pub(super) fn new(session: &Session, task: &Task) -> Self {
        Self {
            names: vec![task.folder.name.clone()],
            order: order(session, &task.folder),
            validity: task.validity.unwrap_or(0),
            rows: Vec::new(),
            pending: VecDeque::new(),
            at: match task.at {
                At::Listed(_, uid) => At::Below(uid),
                at => at,
            },
            searched_to: None,
            is_searched: false,
            is_lost: false,
            matched: 0,
            counted: None,
            oldest: None,
            failure: None,
            has_gaps: false,
            task: task.clone(),
        }
    }

    /// Changes whenever something came of a round.
    pub(super) fn mark(&self) -> (At, Option<u32>, usize, bool, bool) {
        (self.at, self.searched_to, self.rows.len(), self.is_searched, self.failure.is_some())
    }

    pub(super) fn needs_search(&self, limit: usize) -> bool {
        self.wants_more(limit) && self.pending.is_empty()
    }

    pub(super) fn wants_more(&self, limit: usize) -> bool {
        self.failure.is_none() && self.rows.len() < limit && !(self.is_searched && self.pending.is_empty())
    }

    /// How the next UIDs are asked for, and between which; nothing if there can be none.
    pub(super) fn ask(
        &mut self,
        session: &Session,
        is_costly: bool,
        page: u32,
        window: u32,
    ) -> Option<(Shape, Option<(u32, u32)>)> {
        if let At::Sorted(Sorted { offset, bound, .. }) = self.at {
            let from = offset.saturating_sub(OVERLAP) + 1;
            let shape = Shape::choose(session, Order::Received, from, offset.saturating_add(page));
            return Some((shape, Some((1, bound.saturating_sub(1).max(1)))));
        }
        let high = match (self.searched_to, self.at) {
            (Some(to), _) => to.saturating_sub(1),
            (None, At::Below(uid)) => uid.saturating_sub(1),
            (None, _) => u32::MAX,
        };
        if high == 0 {
            self.is_searched = true;
            return None;
        }
        let folder = &self.task.folder;
        let newest = folder.uid_next.filter(|next| *next > window);
        let is_large = newest.is_some() && folder.messages.is_none_or(|messages| messages > window);
        if (is_costly && is_large) || self.searched_to.is_some() {
            self.order = Order::Filed;
            // The folder list may be a minute old: the first window has no upper end.
            let top = high.min(newest.unwrap_or(u32::MAX));
            let low = top.saturating_sub(window.max(1) - 1).max(1);
            let shape = if session.capabilities().has_esearch() { Shape::Set } else { Shape::List };
            return Some((shape, Some((low, high))));
        }
        if high < u32::MAX {
            self.order = Order::Filed;
            return Some((Shape::choose(session, Order::Filed, 1, page), Some((1, high))));
        }
        Some((Shape::choose(session, self.order, 1, page), None))
    }

    /// Takes what a search found. `newest`: the newest UID, where it was asked for along with it.
    pub(super) fn take(
        &mut self,
        selected: &Selected,
        newest: Option<u32>,
        found: Found,
        shape: Shape,
        window: Option<(u32, u32)>,
    ) {
        let known = self.task.validity.or((self.validity != 0).then_some(self.validity));
        if known.is_some_and(|known| known != selected.validity) {
            self.failure = Some(Missing::Stale);
            return;
        }
        self.validity = selected.validity;
        if is_sort(shape) {
            let next =
                selected.uid_next.map(|next| newest.map_or(next, |uid| next.max(uid.saturating_add(1))));
            self.take_sorted(next.unwrap_or(u32::MAX), &found, shape);
            return;
        }
        let (low, high) = window.unwrap_or((1, u32::MAX));
        self.pending = found.uids.into_iter().filter(|uid| (low..=high).contains(uid)).collect();
        let low = match found.reached {
            // A tail that leaves hits out says nothing of what is below it.
            Some(_) if is_tail(shape) && found.total as usize > self.pending.len() => {
                self.pending.iter().copied().min().unwrap_or(low)
            }
            // The server looked no further than that.
            Some(reached) => low.max(reached),
            None => low,
        };
        let is_windowed = low > 1 || self.searched_to.is_some();
        if is_windowed {
            *self.counted.get_or_insert(0) += self.pending.len() as u64;
            self.searched_to = Some(low);
            self.is_searched = low <= 1;
            if self.pending.is_empty() {
                self.at = At::Below(low);
            }
        } else {
            self.counted.get_or_insert(found.total.into());
            self.is_searched = !is_tail(shape) || found.total as usize <= self.pending.len();
        }
    }

    fn take_sorted(&mut self, next: u32, found: &Found, shape: Shape) {
        let place = match self.at {
            At::Sorted(place) => place,
            _ => Sorted { offset: 0, last: 0, seconds: 0, bound: next },
        };
        let before = if let Shape::SortedPage(from, _) = shape { from - 1 } else { 0 };
        self.counted.get_or_insert(found.total.into());
        // Messages that were expunged since moved the rest up, so the last row is looked for first.
        let skip = match place.offset {
            0 => Some(0),
            _ => found.uids.iter().position(|uid| *uid == place.last).map(|at| at + 1),
        };
        let Some(skip) = skip else {
            self.is_lost = true;
            return;
        };
        self.go_on_at(place, before, found, skip);
    }

    /// Goes on behind `skip` of the UIDs `found`, before which there are `before` more.
    pub(super) fn go_on_at(&mut self, place: Sorted, before: u32, found: &Found, skip: usize) {
        let returned = u32::try_from(found.uids.len()).unwrap_or(u32::MAX);
        // What arrived after the first page began belongs to no page.
        self.pending = found.uids.iter().skip(skip).copied().filter(|uid| *uid < place.bound).collect();
        let offset = before.saturating_add(u32::try_from(skip).unwrap_or(u32::MAX));
        self.at = At::Sorted(Sorted { offset, ..place });
        self.is_searched = before.saturating_add(returned) >= found.total;
        self.is_lost = false;
    }

    /// Notes that a row was looked at.
    pub(super) fn pass(&mut self, row: &Summary) {
        self.oldest = Some(self.oldest.map_or(row.received, |oldest| oldest.min(row.received)));
        self.at = match self.at {
            At::Sorted(place) => At::Sorted(Sorted {
                offset: place.offset.saturating_add(1),
                last: row.uid,
                seconds: seconds(row),
                bound: place.bound,
            }),
            _ => At::Below(row.uid),
        };
    }

    /// Notes that a message vanished between being found and being fetched.
    pub(super) fn pass_vanished(&mut self, uid: u32) {
        if !matches!(self.at, At::Sorted(_)) {
            self.at = At::Below(uid);
        }
    }

    /// `is_filtered`: whether the server's count says little, since we drop some of what it found.
    pub(super) fn finish(self, is_filtered: bool, limit: usize) -> Outcome {
        let is_cut_short = self.wants_more(limit);
        let folder = self.task.folder;
        if let Some(failure) = self.failure {
            return (folder, Err(failure));
        }
        let is_exhausted = self.is_searched && self.pending.is_empty();
        let is_whole = self.searched_to.is_none_or(|to| to <= 1);
        let total = if is_filtered { self.matched } else { self.counted.unwrap_or(0) };
        let given = Given {
            validity: self.validity,
            total,
            has_gaps: self.has_gaps,
            is_exact: !self.has_gaps && is_whole && !is_cut_short && (!is_filtered || is_exhausted),
            is_filed: is_makeshift(self.order, &folder) && !self.rows.is_empty(),
            back_to: self.oldest.filter(|_| is_cut_short),
            offer: Offer {
                account: 0,
                rows: self.rows,
                is_exhausted,
                end: self.at,
                start: self.task.at,
                floor: self.oldest,
            },
            folder: folder.clone(),
        };
        (folder, Ok(given))
    }
}

/// When a row was received, as a cursor keeps it.
pub(crate) fn seconds(row: &Summary) -> u32 {
    u32::try_from(row.received.unix_timestamp().max(0)).unwrap_or(u32::MAX)
}

fn is_tail(shape: Shape) -> bool {
    matches!(shape, Shape::Tail(_))
}
