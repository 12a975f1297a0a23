//! Changing messages that are there: flags, labels, and where they are. Scripted servers where no real one
//! behaves so, and the real ones.

mod servers;
