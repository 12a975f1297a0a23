//! What the server says: each response goes to the command that it answers, within bounds on what is
//! gathered; literals too large to stand in their response are put back where they belong.

use std::sync::atomic::Ordering;

use bytes::{Bytes, BytesMut};

use super::{End, Running, Task};
use crate::imap::{
    request::{Reply, Wants},
    response::{Response, Section, Status, StatusKind, Untagged},
    wire::Event,
};

/// How many octets of answers one command may gather: what it keeps of literals, and eight times what
/// stands in lines, since values take more room than their text.
const REPLY_LIMIT: usize = 64 << 20;

/// How many octets may come from one completion to the next. What is kept of them may hold on to the
/// buffer it came in, so this bounds memory too.
const FLOOD_LIMIT: usize = 256 << 20;

/// Literals of the response being read that are too large to stand in it, gathered up to a limit.
#[derive(Default)]
pub(super) struct Chunks {
    /// Octets of this literal that may still be kept.
    room: usize,
    /// Octets kept of all literals of the response.
    held: usize,
    /// Octets of them that came.
    passed: usize,
    open: BytesMut,
    section: Option<Section>,
    done: Vec<(Section, Bytes)>,
}

impl Chunks {
    /// The response that they stand in has ended.
    fn clear(&mut self) {
        self.done.clear();
        (self.held, self.passed) = (0, 0);
    }
}

impl Task {
    pub(super) fn take_events(&mut self) -> Result<(), End> {
        loop {
            let waiting = self.framer.buffer_mut().len();
            let popped = self.framer.pop().map_err(|_| End::TooLarge("a response of the server"))?;
            let taken = waiting.saturating_sub(self.framer.buffer_mut().len());
            self.since_completion += taken;
            self.since_response += taken;
            if self.since_completion > FLOOD_LIMIT {
                return Err(End::TooLarge("what the server sent"));
            }
            let Some(event) = popped else { return Ok(()) };
            match event {
                Event::Response(response) => {
                    self.take_response(response)?;
                    self.since_response = 0;
                }
                Event::LiteralStart { section, uid, size, .. } => {
                    self.chunks.section = section;
                    self.chunks.room = self.room_for(uid);
                    let announced = usize::try_from(size).unwrap_or(usize::MAX);
                    self.chunks.open.reserve(announced.min(self.chunks.room));
                }
                Event::LiteralChunk(chunk) => {
                    let kept = chunk.len().min(self.chunks.room);
                    self.chunks.room -= kept;
                    self.chunks.held += kept;
                    self.chunks.passed += chunk.len();
                    if self.chunks.held > REPLY_LIMIT {
                        return Err(End::TooLarge("a response of the server"));
                    }
                    self.chunks.open.extend_from_slice(chunk.get(..kept).unwrap_or_default());
                }
                Event::LiteralEnd => {
                    let literal = self.chunks.open.split().freeze();
                    let section = self.chunks.section.take();
                    self.chunks.done.extend(section.map(|section| (section, literal)));
                }
            }
        }
    }

    /// How many octets of a large literal of the message with that UID are wanted.
    fn room_for(&self, uid: Option<u32>) -> usize {
        let takes = |running: &&Running| match &running.wants {
            Wants::Fetch => true,
            Wants::Uids(ranges) => {
                uid.is_none_or(|uid| ranges.iter().any(|(low, high)| (*low..=*high).contains(&uid)))
            }
            _ => false,
        };
        let taker = self.running.iter().find(takes).filter(|running| !running.reply.is_closed());
        taker.map_or(0, |running| running.keep)
    }

    fn take_response(&mut self, response: Response) -> Result<(), End> {
        match response {
            Response::Tagged { tag, status } => return self.complete(&tag, status),
            Response::Continue(_) => {
                self.blocked_by = None;
                self.move_unsent();
            }
            Response::Untagged(Untagged::Status(Status { kind: StatusKind::Bye, text, .. })) => {
                return Err(End::Bye(text));
            }
            Response::Untagged(Untagged::Unreadable(why)) => {
                tracing::debug!(why, "a response that cannot be read");
                if self.running.is_empty() {
                    // Unasked for and no response: the next answer would not be where it is looked for.
                    return Err(End::OutOfStep);
                }
                // Whose it was cannot be known.
                self.running.iter_mut().for_each(|running| running.has_gaps = true);
                self.chunks.clear();
            }
            Response::Untagged(mut data) => {
                let octets = self.since_response.saturating_sub(self.chunks.passed);
                let weight = weigh(&data, octets) + self.chunks.held;
                self.note(&mut data);
                let taker = self.running.iter_mut().find(|running| running.wants.take(&data, &running.tag));
                // What nobody waits for any more is drained, not gathered.
                if let Some(running) = taker.filter(|running| !running.reply.is_closed()) {
                    running.weight += weight;
                    if running.weight > REPLY_LIMIT {
                        return Err(End::TooLarge(running.name));
                    }
                    running.data.push(data);
                }
            }
        }
        Ok(())
    }

    /// Keeps the message count of the selected mailbox, and puts chunked literals back where they belong.
    fn note(&mut self, data: &mut Untagged) {
        match data {
            Untagged::Exists(count) => self.seen.exists.store(*count, Ordering::Release),
            Untagged::Expunge(_) => {
                let one_less = |count: u32| Some(count.saturating_sub(1));
                let _ = self.seen.exists.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_less);
                self.seen.expunged.fetch_add(1, Ordering::AcqRel);
            }
            Untagged::Fetch(fetch) => {
                for (of, literal) in self.chunks.done.drain(..) {
                    let is_it = |section: &&mut Section| {
                        section.data.is_none() && section.path == of.path && section.text == of.text
                    };
                    if let Some(section) = fetch.sections.iter_mut().find(is_it) {
                        section.data = Some(literal);
                    }
                }
            }
            _ => {}
        }
        self.chunks.clear();
    }

    fn complete(&mut self, tag: &str, status: Status) -> Result<(), End> {
        if self.blocked_by.as_deref() == Some(tag) {
            // The server refused a literal: the rest of its command must not be sent.
            self.unsent.retain(|piece| piece.tag != tag);
            self.blocked_by = None;
            self.move_unsent();
        }
        let Some(position) = self.running.iter().position(|running| running.tag == tag) else {
            return Ok(());
        };
        if let Some(running) = self.running.remove(position) {
            self.since_completion = 0;
            self.seen.is_busy.store(!self.running.is_empty(), Ordering::Release);
            let Running { name, data, has_gaps, reply, .. } = running;
            let checked = Reply::check(name, status, data).map(|reply| Reply { has_gaps, ..reply });
            let _ = reply.send(checked);
        }
        // The server would take the rest of the literal for commands, or for the message all the same.
        let is_cut = self.streaming.as_ref().is_some_and(|streaming| streaming.tag == tag);
        if is_cut { Err(End::Unfinished) } else { Ok(()) }
    }
}

/// The memory that `data` holds, roughly; it came in `octets` without those of large literals.
fn weigh(data: &Untagged, octets: usize) -> usize {
    match data {
        Untagged::Fetch(fetch) => {
            let held: usize = fetch.sections.iter().filter_map(|s| s.data.as_ref()).map(Bytes::len).sum();
            1024 + held + octets.saturating_sub(held) * 8
        }
        Untagged::Search { numbers, .. } | Untagged::Sort { numbers, .. } => 64 + numbers.len() * 4,
        Untagged::ESearch(found) => {
            128 + found.all.as_ref().map_or(0, Vec::len) * 8 + found.partial.as_ref().map_or(0, Vec::len) * 8
        }
        _ => 256 + octets * 8,
    }
}
