//! Texts of agents and strangers on a page: what cannot be seen, and what turns the direction of others, is
//! left out as it is where agents read, and counted. For terminals the command line has ways of its own.

use mail::mime::invisible;

use super::Letter;

/// A text without anything that is not seen or turns others; its lines stay.
pub fn visible(text: &str) -> String {
    invisible::clean(text).0.into_owned()
}

/// The same on one line.
pub fn visible_line(text: &str) -> String {
    visible(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Letter {
    /// How many characters leave that [`visible`] leaves out: of its header, and of its text without HTML.
    pub fn invisible(&self) -> usize {
        let names = self.from.iter().chain(&self.reply_to).flat_map(|it| [&it.name, &it.email]);
        let recipients = self.recipients.iter().flat_map(|it| [&it.name, &it.address]);
        let texts = names.chain(recipients).chain([&self.subject, &self.text]);
        texts.map(|text| invisible::clean(text).1).sum()
    }
}
