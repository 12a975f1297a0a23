//! Submission servers (RFC 6409); so far up to sign-in.
