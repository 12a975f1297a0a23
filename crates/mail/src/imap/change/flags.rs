//! Setting and taking away flags and labels.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use domain::Flag;

use super::{
    Changed, FlagChange, FlagsChanged, Messages, Was,
    was::{self, Before, Told},
};
use crate::{
    Error,
    imap::{
        command::{
            noop,
            store::{self, Way},
        },
        pool::{Pool, Question},
        reading::check_whole,
        request::Request,
        response::Range,
        session::{Selected, Session},
        wire::sequence,
        write,
    },
};

pub(super) async fn change(
    pool: &Pool,
    messages: &Messages<'_>,
    change: &FlagChange<'_>,
) -> Result<Changed<FlagsChanged>, Error> {
    let question = Change { messages, wanted: change, before: Mutex::default() };
    pool.ask(Some(messages.mailbox), &question).await
}

/// Whether the open mailbox keeps a MODSEQ of each message (RFC 7162).
pub(super) fn keeps_modseq(session: &Session, selected: &Selected) -> bool {
    let capabilities = session.capabilities();
    (capabilities.has("CONDSTORE") || capabilities.has("QRESYNC")) && !selected.is_without_modseq
}

struct Change<'a> {
    messages: &'a Messages<'a>,
    wanted: &'a FlagChange<'a>,
    /// How messages were, from a connection that was lost after it had told that: on another one they may
    /// have changed already.
    before: Mutex<BTreeMap<u32, Before>>,
}

impl Question for Change<'_> {
    type Answer = Changed<FlagsChanged>;

    async fn ask(&self, session: &mut Session) -> Result<Self::Answer, Error> {
        let mailbox = self.messages.mailbox;
        let was_open = session.selected().is_some_and(|open| open.name == mailbox && !open.is_read_only);
        match self.in_mailbox(session).await {
            // What was open may be another by now, or without these messages: seen anew, that can be told.
            Err(Error::Refused { .. }) if was_open => {
                session.forget_selected();
                self.in_mailbox(session).await
            }
            outcome => outcome,
        }
    }
}

impl Change<'_> {
    async fn in_mailbox(&self, session: &mut Session) -> Result<Changed<FlagsChanged>, Error> {
        let &Messages { mailbox, validity, uids } = self.messages;
        let has_labels = !self.wanted.add_labels.is_empty() || !self.wanted.remove_labels.is_empty();
        if has_labels && !session.capabilities().has("X-GM-EXT-1") {
            return Err(Error::NotSupported("labels"));
        }
        let Some(selected) = write::open(session, mailbox, validity, uids).await? else {
            return Ok(Changed::Stale);
        };
        let (add, left_out): (Vec<_>, Vec<_>) =
            self.wanted.add.iter().cloned().partition(|flag| selected.keeps(flag));
        let change = FlagChange { add: &add, ..*self.wanted };
        let keeps_modseq = keeps_modseq(session, &selected);
        let mut changed = FlagsChanged { messages: Vec::new(), left_out };
        for group in write::split(session, uids) {
            let vanished = session.expunged();
            let mut told = self.on(session, &group, &change, keeps_modseq).await?;
            if session.expunged() != vanished || told.has_ghosts {
                // Others took messages away that this connection was not told of: perhaps some of these.
                let still = session.run_one(was::request(session, &group, false)).await?;
                check_whole(still.has_gaps, false)?;
                let still = Told::read(still).before;
                told.before.retain(|uid, _| still.contains_key(uid));
            }
            let after = after(&told, &change);
            let messages = told.before.into_values().map(|before| {
                let modseq = after.get(&before.was.uid).copied().flatten().filter(|_| keeps_modseq);
                (before.was, modseq)
            });
            changed.messages.extend(messages);
        }
        Ok(Changed::Done(changed))
    }

    /// Changes one group of messages, in one flight with asking how they are. The order in which the server
    /// carries it out is that of the commands, since one changes what the other asks (RFC 9051, 5.5).
    async fn on(
        &self,
        session: &mut Session,
        uids: &[u32],
        change: &FlagChange<'_>,
        keeps_modseq: bool,
    ) -> Result<Told, Error> {
        let ranges = sequence::compress(uids.iter().copied());
        let stores = stores(&ranges, change, keeps_modseq);
        // A change of nothing is asked for to know which messages they are.
        let (ask, read): (_, fn(_) -> _) = if stores.is_empty() {
            (was::request(session, uids, keeps_modseq), Told::read)
        } else {
            (was::state(session, uids, keeps_modseq), Told::read_state)
        };
        let mut requests = vec![ask];
        requests.extend(stores);
        // Some (Courier) answer for messages that are gone until they are asked what is new.
        requests.extend((!keeps_modseq).then(noop));
        let mut replies = session.run(requests).await.into_iter();
        let first = replies.next().unwrap_or(Err(Error::Closed));
        let mut told = match first {
            Ok(reply) if reply.has_gaps => Err(Error::Protocol("a part of its answer cannot be read")),
            Ok(reply) => Ok(read(reply)),
            Err(error) => Err(error),
        };
        if let Ok(told) = &mut told {
            let mut known = self.before.lock().unwrap_or_else(PoisonError::into_inner);
            for (uid, before) in &mut told.before {
                // What came later on a lost connection would be what we changed.
                before.clone_from(known.entry(*uid).or_insert_with(|| before.clone()));
            }
        }
        let mut was_any_done = false;
        let mut trouble = None;
        for reply in replies {
            match reply {
                Ok(reply) => {
                    was_any_done = true;
                    if let Ok(told) = &mut told {
                        told.hear(reply);
                    }
                }
                Err(error) => trouble = trouble.or(Some(error)),
            }
        }
        match (told, trouble) {
            (Ok(told), None) => Ok(told),
            (Ok(told), Some(error)) => {
                if matches!(error, Error::Refused { .. }) {
                    if was_any_done {
                        take_back(session, &told, change).await;
                    }
                    // Perhaps the server closed the mailbox.
                    session.forget_selected();
                }
                Err(error)
            }
            (Err(error), _) => Err(error),
        }
    }
}

/// The commands of a change.
fn stores(uids: &[Range], change: &FlagChange<'_>, is_told: bool) -> Vec<Request> {
    let flags = |way, flags: &[Flag]| match (flags.is_empty(), is_told, way) {
        (true, ..) => None,
        (_, true, way) => Some(store::told(uids, way, flags, None)),
        (_, false, Way::Add) => Some(store::add(uids, flags)),
        (_, false, Way::Remove) => Some(store::remove(uids, flags)),
    };
    let labels = |way, labels: &[String]| (!labels.is_empty()).then(|| store::labels(uids, way, labels));
    [
        flags(Way::Add, change.add),
        flags(Way::Remove, change.remove),
        labels(Way::Add, change.add_labels),
        labels(Way::Remove, change.remove_labels),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The MODSEQ of each message after the change: that of the last answer in which it is as wanted. Of one
/// that needed no change the server may say nothing: it has the one it had.
fn after(told: &Told, change: &FlagChange<'_>) -> BTreeMap<u32, Option<u64>> {
    let is_done = |was: &Was| {
        was::is_as_wanted(&was.flags, change.add, change.remove)
            && was::is_labelled(&was.labels, change.add_labels, change.remove_labels)
    };
    let unchanged = told.before.iter().filter(|(_, before)| is_done(&before.was));
    let mut after: BTreeMap<u32, Option<u64>> =
        unchanged.map(|(uid, before)| (*uid, before.modseq)).collect();
    for later in &told.later {
        let is_wanted = |flags: &Vec<Flag>| was::is_as_wanted(flags, change.add, change.remove);
        if later.flags.as_ref().is_none_or(is_wanted) {
            after.insert(later.uid, later.modseq);
        }
    }
    after
}

/// Reverses what was done of a change of which the server refused a part, so that the refusal means that
/// nothing was changed.
async fn take_back(session: &mut Session, told: &Told, change: &FlagChange<'_>) {
    let those = |is_theirs: &dyn Fn(&Was) -> bool| -> Vec<Range> {
        let before = told.before.values().filter(|before| is_theirs(&before.was));
        sequence::compress(before.map(|before| before.was.uid))
    };
    let mut requests = Vec::new();
    for (way, flags) in [(Way::Remove, change.add), (Way::Add, change.remove)] {
        for flag in flags {
            let one = std::slice::from_ref(flag);
            let had = |was: &Was| was::is_as_wanted(&was.flags, one, &[]) == (way == Way::Add);
            let uids = those(&had);
            requests.extend((!uids.is_empty()).then(|| store::told(&uids, way, one, None)));
        }
    }
    for (way, labels) in [(Way::Remove, change.add_labels), (Way::Add, change.remove_labels)] {
        for label in labels {
            let one = std::slice::from_ref(label);
            let had = |was: &Was| was::is_labelled(&was.labels, one, &[]) == (way == Way::Add);
            let uids = those(&had);
            requests.extend((!uids.is_empty()).then(|| store::labels(&uids, way, one)));
        }
    }
    let count = told.before.len();
    if session.run(requests).await.iter().any(Result::is_err) {
        tracing::warn!(count, "flags that were set before a refusal could not be taken back");
    }
}
