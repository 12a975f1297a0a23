//! The same paths against a real Dovecot, also with capabilities taken away.
