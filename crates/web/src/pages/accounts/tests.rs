//! The pages of mailboxes as a browser meets them, without a mail server.
