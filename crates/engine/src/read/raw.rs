//! Messages as they are stored: fetched with a bound, and shown only where no code stands in them.

use std::collections::BTreeMap;

use domain::{Problem, reading::Trust};
use mail::{
    imap::reading::{Raw, Source},
    mime::{header::Headers, invisible, whole},
};

use super::{
    Group,
    files::{Judged, judge},
    group::{RAW_LIMIT, beyond},
};

/// What stands in place of a source that is not shown.
const WITHHELD: &str = "\n[The source is not shown: it likely holds a one-time code or a sign-in link, which this grant does not show.]\n";

/// What stands in place of a source that may hold a code.
const UNSEEN: &str = "\n[The source is not shown: codes, which this grant does not show, cannot be looked for in its files. Read its text, and its files with mail_attachment.]\n";

impl Group {
    /// The messages with their octets.
    pub(super) async fn raw(&self) -> Result<Option<BTreeMap<u32, Source>>, mail::Error> {
        let name = &self.folder.wire_name;
        let uids: Vec<u32> = self.uids().into_iter().collect();
        let question = Raw { mailbox: name, validity: self.validity, uids: &uids, limit: RAW_LIMIT };
        let Some(fetched) = self.account.opened.ask(Some(name), &question).await? else { return Ok(None) };
        let mut sources = BTreeMap::new();
        for (uid, (summary, header, whole)) in fetched {
            let missing = summary.size.saturating_sub(whole.len() as u64);
            let source = Source { summary, header, texts: Vec::new(), missing, whole: Some(whole) };
            sources.insert(uid, source);
        }
        Ok(Some(sources))
    }

    /// The message as it is stored, as far as it was fetched.
    pub(super) fn stored(&self, source: &Source, trust: &mut Trust) -> String {
        let mut text = self.unless_withheld(source, trust);
        if source.missing > 0 {
            text.push_str(&beyond(source.missing));
        }
        text
    }

    /// Whether the source of one of its messages may not be given out: it likely holds a code, in its text, in
    /// its header or in a file that can be read here, and the grant shows none. Files are judged apart.
    pub(crate) async fn withholds_source(&self, uid: u32) -> Result<bool, Problem> {
        if self.account.shows_codes {
            return Ok(false);
        }
        let raw = self.raw().await.map_err(|error| self.account.problem(&error))?.ok_or_else(super::stale)?;
        let source = raw.get(&uid).cloned().ok_or_else(super::gone)?;
        let group = self.clone();
        let reading = move || group.codes_in(&source).1.masked > 0;
        self.account.opened.apart.run("The message", reading).await
    }

    /// The source with codes masked, and how many there are in it and in its files, decoded.
    fn codes_in(&self, source: &Source) -> (String, Judged) {
        let whole = source.whole.as_deref().unwrap_or_default();
        let (.., masked) = self.body(source, true);
        let (text, masked_here) = self.mask(&String::from_utf8_lossy(whole));
        let files = judge(&whole::parse(whole), &source.summary.envelope.subject, source.missing > 0);
        (text, Judged { masked: masked.max(masked_here).max(files.masked), ..files })
    }

    /// Of a message that holds a code, in its text or in a file, only the header: inside an encoding or
    /// between tags the code would stand there unmasked.
    fn unless_withheld(&self, source: &Source, trust: &mut Trust) -> String {
        if self.account.shows_codes {
            let whole = source.whole.as_deref().unwrap_or_default();
            return invisible::clean(&String::from_utf8_lossy(whole)).0.into_owned();
        }
        let (text, found) = self.codes_in(source);
        let masked = found.masked.max(trust.masked_codes);
        if masked == 0 && found.unseen == 0 {
            return text;
        }
        trust.masked_codes = masked;
        let (mut text, _) = self.headers(&Headers::parse(&source.header));
        text.push_str(if masked > 0 { WITHHELD } else { UNSEEN });
        text
    }
}
