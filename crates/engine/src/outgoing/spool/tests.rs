//! What goes into a spool comes out of it, and only out of it.
