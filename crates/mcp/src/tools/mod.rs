//! The list of tools: one line a tool, in the order in which clients see them.

mod accounts;
mod approval;
mod attachment;
mod changed;
mod composed;
mod delete;
mod draft;
mod folder;
mod folders;
mod invite;
mod invite_reply;
mod organize;
mod people;
mod read;
mod search;
mod send;
mod thread;
pub(crate) mod undo;

use std::sync::LazyLock;

use crate::tool::Entry;

static LIST: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    vec![
        Entry::of::<accounts::Accounts>(),
        Entry::of::<folders::Folders>(),
        Entry::of::<search::Search>(),
        Entry::of::<read::Read>(),
        Entry::of::<thread::Thread>(),
        Entry::of::<attachment::Attachment>(),
        Entry::of::<people::People>(),
        Entry::of::<draft::Draft>(),
        Entry::of::<send::Send>(),
        Entry::of::<organize::Organize>(),
        Entry::of::<delete::Delete>(),
        Entry::of::<folder::Folder>(),
        Entry::of::<undo::Undo>(),
        Entry::of::<invite::Invite>(),
        Entry::of::<invite_reply::InviteReply>(),
    ]
});

/// Tokens of an answer if no others are asked for.
fn four_thousand() -> usize {
    4_000
}

/// Every tool.
pub(crate) fn all() -> &'static [Entry] {
    &LIST
}

/// The tool of that name.
pub(crate) fn find(name: &str) -> Option<&'static Entry> {
    all().iter().find(|entry| entry.name == name)
}

/// The whole tool objects as `tools/list` gives them to a grant with every scope: for documentation.
pub fn adverts() -> Vec<serde_json::Value> {
    all().iter().filter_map(|entry| serde_json::to_value(&entry.advert).ok()).collect()
}
