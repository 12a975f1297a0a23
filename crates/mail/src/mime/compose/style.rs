//! The few inline styles of our HTML: mail programs read no sheets reliably.

/// A quotation.
pub(super) const QUOTE: &str = "margin:0 0 0 0.8ex;border-left:2px solid #ccc;padding-left:1ex";
/// A block of code.
pub(super) const CODE: &str = "white-space:pre-wrap;font-family:monospace";
/// A table.
pub(super) const TABLE: &str = "border-collapse:collapse";
/// A cell of a table.
pub(super) const CELL: &str = "border:1px solid #ccc;padding:4px 8px";
