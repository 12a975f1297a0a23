//! What a submission server says it can do, in its answer to EHLO (RFC 5321 section 4.1.1.1).

use super::Reply;

/// The extensions of a submission server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// SASL mechanisms, upper case.
    pub mechanisms: Vec<String>,
    /// SIZE (RFC 1870), with or without a limit.
    pub has_size: bool,
    /// The largest message it takes, in bytes; absent if it does not say.
    pub max_size: Option<u64>,
    /// STARTTLS (RFC 3207).
    pub has_starttls: bool,
    /// 8BITMIME (RFC 6152).
    pub has_8bit_mime: bool,
    /// SMTPUTF8 (RFC 6531).
    pub has_smtp_utf8: bool,
    /// PIPELINING (RFC 2920).
    pub has_pipelining: bool,
    /// DSN (RFC 3461).
    pub has_dsn: bool,
    /// CHUNKING (RFC 3030).
    pub has_chunking: bool,
}

impl Capabilities {
    /// Reads the answer to EHLO; its first line is the server's name. Unknown extensions are skipped.
    pub fn of(reply: &Reply) -> Self {
        let mut found = Self::default();
        for line in reply.lines.iter().skip(1) {
            // Some servers of old write `AUTH=PLAIN LOGIN`, often beside the form of the RFC.
            let mut words = line.split([' ', '\t', '=']).filter(|word| !word.is_empty());
            let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
            match keyword.as_str() {
                "AUTH" => {
                    for name in words.map(str::to_ascii_uppercase) {
                        if !found.mechanisms.contains(&name) {
                            found.mechanisms.push(name);
                        }
                    }
                }
                // 0 stands for no fixed limit.
                "SIZE" => {
                    found.has_size = true;
                    found.max_size = words.next().and_then(|size| size.parse().ok()).filter(|size| *size > 0);
                }
                "STARTTLS" => found.has_starttls = true,
                "8BITMIME" => found.has_8bit_mime = true,
                "SMTPUTF8" => found.has_smtp_utf8 = true,
                "PIPELINING" => found.has_pipelining = true,
                "DSN" => found.has_dsn = true,
                "CHUNKING" => found.has_chunking = true,
                _ => {}
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_read_in_any_case_and_spelling() {
        let lines = [
            "mx.example.org at your service",
            "size 35882577",
            "8BITMIME",
            "AUTH LOGIN plain XOAUTH2",
            "AUTH=LOGIN SCRAM-SHA-256",
            "STARTTLS",
            "ENHANCEDSTATUSCODES",
            "Pipelining",
            "CHUNKING",
            "SMTPUTF8",
            "DSN",
            "",
        ];
        let reply = Reply { code: 250, lines: lines.map(str::to_owned).to_vec() };
        let found = Capabilities::of(&reply);
        assert_eq!(found.mechanisms, ["LOGIN", "PLAIN", "XOAUTH2", "SCRAM-SHA-256"]);
        assert_eq!(found.max_size, Some(35_882_577));
        assert!(found.has_starttls && found.has_8bit_mime && found.has_smtp_utf8);
        assert!(found.has_pipelining && found.has_chunking && found.has_dsn);
    }

    #[test]
    fn the_name_of_a_server_is_no_extension() {
        let reply = Reply { code: 250, lines: vec!["STARTTLS".to_owned(), "SIZE 0".to_owned()] };
        assert_eq!(Capabilities::of(&reply), Capabilities { has_size: true, ..Capabilities::default() });
    }
}
