//! What is told of a message that was not changed as it was wished.

use domain::{Code, Flag, Problem};
use mail::imap::change::{End, How};

use crate::read::gone;

/// What a folder does not keep, if there is anything.
pub(super) fn not_kept(left_out: &[Flag]) -> Option<Problem> {
    let names: Vec<&str> = left_out.iter().map(Flag::as_str).collect();
    (!names.is_empty()).then(|| {
        Problem::new(
            Code::NotSupported,
            format!("The message's folder cannot keep this on its server: {}.", names.join(", ")),
        )
        .hint("Use a folder or `star` instead.")
    })
}

/// What is told of a message that is not where it should be; nothing if it is.
pub(super) fn half_done(end: End, how: How, trouble: Option<&Problem>) -> Option<Problem> {
    let because = |what: &str, hint: &str| {
        let problem = trouble.cloned().unwrap_or_else(|| Problem::new(Code::ServerRefused, String::new()));
        Problem { message: what.to_owned(), ..problem }.hint(hint)
    };
    match end {
        End::Done => None,
        // Its trouble says it best.
        End::Here => Some(trouble.cloned().unwrap_or_else(|| {
            let what = if how == How::Copy { "copied" } else { "moved" };
            Problem::new(
                Code::ServerRefused,
                format!("The server left the message where it was, not {what}."),
            )
            .hint("Try again.")
        })),
        End::Both => Some(because(
            "The message is at the new place, and could not be taken away from where it was.",
            "Take away one of the two, or undo this change.",
        )),
        End::Unknown if how == How::Copy => Some(because(
            "It is not known whether the message was copied.",
            "Look for it in the other folder before doing it again.",
        )),
        // The server did what it was asked, and not to this one: somebody took it away before.
        End::Unknown if trouble.is_none() => Some(gone()),
        End::Unknown => Some(because(
            "The message left its folder, and is not known to have come to the other.",
            "Search for it in all folders.",
        )),
    }
}

/// What was to be destroyed was moved, and is not to be found again.
pub(super) fn in_trash() -> Problem {
    Problem::new(
        Code::NotSupported,
        "The messages are in the trash, and the server does not say where in it.",
    )
    .hint("To destroy them, delete the folder `@trash`.")
}
