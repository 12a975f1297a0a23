//! The one way out: resolving, guarding, connecting and TLS.
