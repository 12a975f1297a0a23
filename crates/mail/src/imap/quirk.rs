//! Where known servers depart from the RFCs, and how they are recognised.
//!
//! One entry a server; to add one, add its entry to [`QUIRKS`] and a transcript to its test. What can be
//! told from a capability is asked there and is no quirk.

/// What a server says about itself before and at sign-in.
#[derive(Debug, Clone, Copy, Default)]
pub struct ServerId<'a> {
    /// The host that was connected to.
    pub host: &'a str,
    /// The text of the greeting.
    pub greeting: &'a str,
    /// The field `name` of its ID answer (RFC 2971); empty if there is none.
    pub name: &'a str,
    /// The field `vendor` of its ID answer; empty if there is none.
    pub vendor: &'a str,
    /// Its capabilities after sign-in, in any case.
    pub capabilities: &'a [String],
}

impl ServerId<'_> {
    fn has(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|has| has.eq_ignore_ascii_case(capability))
    }

    fn is_at(&self, domain: &str) -> bool {
        let host = self.host.trim_end_matches('.').to_ascii_lowercase();
        host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    fn greets(&self, words: &str) -> bool {
        self.greeting.to_ascii_lowercase().contains(words)
    }

    fn is_named(&self, words: &str) -> bool {
        self.name.to_ascii_lowercase().contains(words) || self.vendor.to_ascii_lowercase().contains(words)
    }
}

/// The departures of one server, each `false` where it keeps to the RFCs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quirks {
    /// The entries of [`QUIRKS`] that apply, for the log and for `doctor`.
    pub names: Vec<&'static str>,
    /// SEARCH takes only US-ASCII and answers BADCHARSET to UTF-8 (Microsoft): terms outside ASCII are
    /// filtered by us.
    pub searches_only_ascii: bool,
    /// SEARCH finds nothing for text criteria (FROM, SUBJECT, TEXT …) and says OK (iCloud): text terms
    /// are filtered by us, else a search would silently be empty.
    pub finds_no_text: bool,
    /// COPYUID comes with empty sets (Yahoo, AOL): the new UIDs are looked up by Message-ID.
    pub leaves_copyuid_empty: bool,
    /// A command may touch at most so many messages (Yahoo, AOL: 1,000; RFC 9738 where it says so).
    pub message_limit: Option<u32>,
    /// Negative ranges of PARTIAL in RETURN are answered with BAD (Dovecot 2.3, which offers
    /// CONTEXT=SEARCH): only ranges from the front.
    pub refuses_negative_partial: bool,
    /// LOGINDISABLED is listed even after sign-in (Cyrus): it says nothing then.
    pub keeps_login_disabled: bool,
    /// `"`, `%`, `*`, `\`, `{`, `<`, `!` and others are refused in mailbox names (Cyrus).
    pub refuses_special_characters: bool,
    /// Characters beyond U+FFFF are refused in mailbox names, unless UTF8=ACCEPT is on (Courier).
    pub refuses_surrogate_pairs: bool,
    /// A mailbox opened for reading takes no APPEND on the same connection (Courier).
    pub refuses_append_while_examined: bool,
    /// EXPUNGE and `\Deleted` do not delete but remove a label; deleting means moving to `\Trash`
    /// (Gmail).
    pub expunge_unlabels: bool,
    /// Flags of a message are shared by its copies in all folders, which are labels (Gmail).
    pub folders_are_labels: bool,
}

/// One known server.
pub struct Quirk {
    /// Its short name.
    pub name: &'static str,
    /// Whether this is such a server.
    pub applies: fn(&ServerId<'_>) -> bool,
    /// Notes its departures.
    pub note: fn(&mut Quirks),
}

/// Every known server.
pub const QUIRKS: &[Quirk] = &[
    Quirk {
        name: "gmail",
        applies: |id| id.has("X-GM-EXT-1"),
        note: |quirks| {
            quirks.expunge_unlabels = true;
            quirks.folders_are_labels = true;
        },
    },
    Quirk {
        name: "microsoft",
        applies: |id| {
            id.greets("microsoft exchange")
                || id.is_named("microsoft")
                || id.is_at("office365.com")
                || id.is_at("outlook.com")
        },
        note: |quirks| quirks.searches_only_ascii = true,
    },
    Quirk {
        // Its XAPPLEPUSHSERVICE is offered by others too.
        name: "icloud",
        applies: |id| id.greets("iscream") || id.is_at("mail.me.com"),
        note: |quirks| quirks.finds_no_text = true,
    },
    Quirk {
        name: "yahoo",
        applies: |id| id.is_named("yahoo") || id.is_at("mail.yahoo.com") || id.is_at("imap.aol.com"),
        note: |quirks| {
            quirks.leaves_copyuid_empty = true;
            quirks.message_limit = Some(1_000);
        },
    },
    Quirk {
        // From the version that offers PARTIAL (RFC 9394) on, negative ranges are understood.
        name: "dovecot-2.3",
        applies: |id| (id.is_named("dovecot") || id.greets("dovecot")) && !id.has("PARTIAL"),
        note: |quirks| quirks.refuses_negative_partial = true,
    },
    Quirk {
        name: "cyrus",
        applies: |id| id.is_named("cyrus") || id.greets("cyrus imap"),
        note: |quirks| {
            quirks.keeps_login_disabled = true;
            quirks.refuses_special_characters = true;
        },
    },
    Quirk {
        name: "courier",
        applies: |id| id.is_named("courier") || id.greets("courier-imap"),
        note: |quirks| {
            quirks.refuses_surrogate_pairs = true;
            quirks.refuses_append_while_examined = true;
        },
    },
];

impl Quirks {
    /// The departures of the server that says `id` about itself.
    pub fn of(id: &ServerId<'_>) -> Self {
        let mut quirks = Self::default();
        for quirk in QUIRKS.iter().filter(|quirk| (quirk.applies)(id)) {
            (quirk.note)(&mut quirks);
            quirks.names.push(quirk.name);
        }
        // A server that says its limit itself (RFC 9738) knows better than this list.
        let said = id.capabilities.iter().find_map(|capability| {
            let (name, limit) = capability.split_once('=')?;
            name.eq_ignore_ascii_case("MESSAGELIMIT").then(|| limit.parse().ok())?
        });
        quirks.message_limit = said.filter(|limit| *limit > 0).or(quirks.message_limit);
        quirks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(host: &str, greeting: &str, name: &str, capabilities: &str) -> Quirks {
        let capabilities: Vec<String> = capabilities.split_whitespace().map(str::to_owned).collect();
        Quirks::of(&ServerId { host, greeting, name, vendor: "", capabilities: &capabilities })
    }

    #[test]
    fn known_servers_are_recognised_by_what_they_say() {
        for (greeting, name, capabilities, recognised) in [
            ("Gimap ready for requests from 192.0.2.1", "GImap", "IMAP4rev1 X-GM-EXT-1", "gmail"),
            ("The Microsoft Exchange IMAP4 service is ready. [TABC]", "", "IMAP4rev1", "microsoft"),
            ("iSCREAM ready to rumble (2420B70)", "", "XAPPLEPUSHSERVICE", "icloud"),
            ("[CAPABILITY IMAP4rev1] Dovecot (Debian) ready.", "Dovecot", "CONTEXT=SEARCH", "dovecot-2.3"),
            ("mx Cyrus IMAP 3.6.1-Debian server ready", "Cyrus IMAPD", "IMAP4rev1", "cyrus"),
            ("Courier-IMAP ready. Copyright 1998-2022", "", "IMAP4rev1", "courier"),
        ] {
            assert_eq!(of("mail.example.org", greeting, name, capabilities).names, [recognised]);
        }
        for (host, recognised) in [
            ("outlook.office365.com", "microsoft"),
            ("p42-imap.mail.me.com", "icloud"),
            ("IMAP.mail.yahoo.com.", "yahoo"),
            ("imap.aol.com", "yahoo"),
        ] {
            assert_eq!(of(host, "ready", "", "IMAP4rev1").names, [recognised]);
        }
    }

    #[test]
    fn a_server_nobody_knows_is_taken_to_keep_to_the_rfcs() {
        let unknown = of("mail.notoffice365.com", "ready", "", "IMAP4rev1 XAPPLEPUSHSERVICE");
        assert_eq!(unknown, Quirks::default());
        assert!(!of("x", "Dovecot ready.", "Dovecot", "PARTIAL").refuses_negative_partial);
    }

    #[test]
    fn each_server_has_its_departures() {
        assert!(of("outlook.office365.com", "", "", "").searches_only_ascii);
        assert!(of("imap.mail.me.com", "", "", "").finds_no_text);
        let yahoo = of("imap.mail.yahoo.com", "", "", "");
        assert!(yahoo.leaves_copyuid_empty);
        assert_eq!(yahoo.message_limit, Some(1_000));
        assert_eq!(of("imap.mail.yahoo.com", "", "", "MESSAGELIMIT=2000").message_limit, Some(2_000));
        assert_eq!(of("x", "", "", "MessageLimit=0").message_limit, None);
        assert!(of("x", "Dovecot ready.", "", "").refuses_negative_partial);
        let courier = of("x", "Courier-IMAP ready.", "", "");
        assert!(courier.refuses_surrogate_pairs && courier.refuses_append_while_examined);
        assert!(of("x", "", "", "x-gm-ext-1").expunge_unlabels);
    }

    #[test]
    fn names_of_quirks_are_unique() {
        let names: std::collections::BTreeSet<_> = QUIRKS.iter().map(|quirk| quirk.name).collect();
        assert_eq!(names.len(), QUIRKS.len());
    }
}
