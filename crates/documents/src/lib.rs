//! Text and pictures out of documents, in a child process with limits.
