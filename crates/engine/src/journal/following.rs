//! Where messages went, and following them: by their UID there, or by their Message-ID where the server did not
//! say which they got.

use std::collections::HashSet;

use bytes::Bytes;
use domain::Problem;
use mail::imap::{change::End, write::Placed};
use storage::NewMoved;

use super::{
    Step,
    form::{message_name, place_name, read_moved, write_moved},
    unreadable,
};
use crate::{Account, Engine};

/// How many moves in a row are followed: more than anybody sorts to and fro, each a look into the database.
const HOPS: usize = 100;

/// Where a moved message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MovedTo {
    /// The mailbox, as the server writes its name.
    pub(crate) wire: Bytes,
    /// Its place in it; to be found by its Message-ID if the server did not say.
    pub(crate) placed: Option<Placed>,
    /// Its Message-ID in angle brackets, if the server did not say.
    pub(crate) message_id: Option<String>,
}

impl MovedTo {
    /// What names it as the place from which it may have been moved on.
    fn name(&self) -> Option<Vec<u8>> {
        match (self.placed, &self.message_id) {
            (Some(placed), _) => Some(place_name(&self.wire, placed)),
            (None, Some(message_id)) => Some(message_name(&self.wire, message_id)),
            (None, None) => None,
        }
    }
}

impl Engine {
    /// Where messages of the account are now that were at those places, as far as they were moved here;
    /// follows several moves in a row. One round trip to the database for each move, none to the server.
    pub(crate) async fn moved_to(
        &self,
        account: &Account,
        places: &[(Bytes, Placed)],
    ) -> Result<Vec<Option<MovedTo>>, Problem> {
        let mut ends: Vec<Option<MovedTo>> = vec![None; places.len()];
        let mut asked: Vec<(usize, Vec<u8>)> =
            places.iter().map(|(wire, placed)| place_name(wire, *placed)).enumerate().collect();
        let mut seen: HashSet<(usize, Vec<u8>)> = asked.iter().cloned().collect();
        for _ in 0..HOPS {
            if asked.is_empty() {
                break;
            }
            let names: Vec<Vec<u8>> = asked.iter().map(|(_, name)| name.clone()).collect();
            let found = self.moved_once(&account.home, &names).await.map_err(|error| unreadable(&error))?;
            let mut next = Vec::new();
            for ((index, _), target) in asked.iter().zip(found) {
                let Some(target) = target.and_then(|target| read_moved(&target)) else { continue };
                let Some(name) = target.name() else { continue };
                // Moved back to where it was, or moved on by nobody.
                if !seen.insert((*index, name.clone())) {
                    continue;
                }
                if let Some(end) = ends.get_mut(*index) {
                    *end = Some(target);
                    next.push((*index, name));
                }
            }
            asked = next;
        }
        Ok(ends)
    }
}

/// Where the messages of a step went that are not any more where they were.
pub(super) fn moved_by(step: &Step) -> Vec<NewMoved> {
    let Step::Transfer { from, to: (to, _), is_copy: false, messages, .. } = step else { return Vec::new() };
    let mut moved = Vec::with_capacity(messages.len());
    for message in messages {
        if matches!(message.end, End::Here | End::Both) {
            continue;
        }
        // Where the UID is known nobody looks for it by anything else, and there are many.
        let message_id = message.was.message_id.clone().filter(|_| message.to.is_none());
        let target = MovedTo { wire: to.clone(), placed: message.to, message_id };
        // Without UID and Message-ID nobody finds it there.
        let Some(name) = target.name() else { continue };
        let was = place_name(&from.wire, Placed { validity: from.validity, uid: message.was.uid });
        let octets = write_moved(&target);
        if let (None, Some(message_id)) = (target.placed, &target.message_id) {
            // It may have come here, too, by a move that did not say its UID; and from now on it is there,
            // wherever it went from there before.
            moved.push(NewMoved { from: message_name(&from.wire, message_id), to: octets.clone() });
            moved.push(NewMoved { from: name, to: octets.clone() });
        }
        moved.push(NewMoved { from: was, to: octets });
    }
    moved
}
