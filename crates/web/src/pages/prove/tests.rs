//! Proving anew, and what needs it.
