//! SASL mechanisms (RFC 4422), shared by IMAP and SMTP.
