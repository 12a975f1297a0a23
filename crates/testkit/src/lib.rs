//! Stands up the world of a test: a real Dovecot, people, clients.
