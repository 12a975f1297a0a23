//! Whatever a server sends: octets to events to rows. Nothing panics, and how the octets were cut on
//! their way changes nothing. A module of the fuzz target and of the tests of `mail`.

use mail::{
    imap::{
        Reply,
        command::{
            fetch,
            search::{self, Shape},
        },
        response::{Response, Status, StatusKind, Untagged},
        wire::{Event, Framer, Limits},
    },
    mime::{attachments::attachments, text_parts::text_plan},
};

/// Panics if anything is wrong with what becomes of these octets.
pub(crate) fn check(input: &[u8]) {
    let Some((first, octets)) = input.split_first() else { return };
    // small bounds, so that short inputs reach them
    let limits = Limits { inline_literal: 16, max_literal: 1 << 20, ..Limits::default() };
    let whole = events(octets, usize::MAX, &limits);
    let pieces = events(octets, usize::from(*first).max(1), &limits);
    assert!(whole == pieces, "cut otherwise, read otherwise");
    let data: Vec<Untagged> = whole
        .into_iter()
        .filter_map(|event| match event {
            Event::Response(Response::Untagged(data)) => Some(data),
            _ => None,
        })
        .collect();
    let status = Status { kind: StatusKind::Ok, code: None, text: String::new() };
    let reply = Reply { status, data, has_gaps: false };
    for shape in [Shape::List, Shape::Set, Shape::SortedPage(1, 20)] {
        let _ = search::read(&reply, shape);
    }
    for row in fetch::read(reply).into_iter().filter_map(fetch::summary) {
        if let Some(structure) = &row.structure {
            let _ = (text_plan(structure), attachments(structure));
        }
    }
}

/// What comes out of pieces of that size, with neighbouring chunks of a literal joined.
fn events(octets: &[u8], size: usize, limits: &Limits) -> Vec<Event> {
    let mut framer = Framer::new(limits.clone());
    let mut found: Vec<Event> = Vec::new();
    for piece in octets.chunks(size.min(octets.len().max(1))) {
        framer.push(piece);
        while let Ok(Some(event)) = framer.pop() {
            match (found.last_mut(), event) {
                (Some(Event::LiteralChunk(before)), Event::LiteralChunk(more)) => {
                    *before = [before.as_ref(), more.as_ref()].concat().into();
                }
                (_, event) => found.push(event),
            }
        }
    }
    found
}
