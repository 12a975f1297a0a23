//! From MIME to what an agent reads.
