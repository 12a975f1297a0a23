//! What happens to mail: open an account, search, read.
