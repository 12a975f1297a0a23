//! Subjects of replies and forwards.

/// The subject of a reply.
pub fn reply_subject(subject: &str) -> String {
    format!("Re: {subject}")
}

/// The subject of a forward.
pub fn forward_subject(subject: &str) -> String {
    format!("Fwd: {subject}")
}
