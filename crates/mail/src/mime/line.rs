//! One line of converted text with what is known of its origin, shared by both converters and the folding.

/// Where a line comes from, as far as the message's markup tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Region {
    /// The author's own words.
    #[default]
    Own,
    /// Inside a quotation of an earlier message.
    Cited,
    /// The line that introduces a quotation (`On … wrote:`), marked as such by the sender's program.
    Attribution,
    /// The head of an earlier message: from here on everything is history.
    HistoryHead,
    /// Inside the author's signature.
    Signature,
    /// Our own words for something that was folded.
    Folded,
}

/// One line of text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// The text without quote marks; empty for a blank line.
    pub text: String,
    /// How many quotations it stands in.
    pub quote: usize,
    /// Where it comes from.
    pub region: Region,
}

impl Line {
    /// A line of the author's own.
    #[cfg(test)]
    pub fn own(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    /// Whether nothing stands in it.
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Writes it with its quote marks.
    pub fn write_to(&self, out: &mut String) {
        for _ in 0..self.quote.min(8) {
            out.push_str("> ");
        }
        out.push_str(&self.text);
        let kept = out.trim_end_matches(' ').len();
        out.truncate(kept);
    }
}

/// Joins lines to text: at most one blank line in a row, none at either end.
pub fn join(lines: &[Line]) -> String {
    let mut out = String::with_capacity(lines.iter().map(|line| line.text.len() + 1).sum());
    let mut blank: Option<usize> = None;
    for line in lines {
        if line.is_blank() {
            if !out.is_empty() {
                blank = Some(blank.map_or(line.quote, |quote| quote.min(line.quote)));
            }
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        if let Some(quote) = blank.take() {
            Line { quote: quote.min(line.quote), ..Line::default() }.write_to(&mut out);
            out.push('\n');
        }
        line.write_to(&mut out);
    }
    out
}
