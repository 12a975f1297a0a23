//! The fields that tie a reply to its thread.

/// In-Reply-To and References of a reply.
pub fn reply_references(
    _original_message_id: Option<&str>,
    _original_references: &[String],
    _original_in_reply_to: &[String],
) -> (Option<String>, Vec<String>) {
    (None, Vec::new())
}
