//! One message of a list as agents read it.

use engine::search::Row;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Nonce, address, addresses, date, fence::harmless, shorten, size};

/// A row. What is empty is left out, except id, date, subject, from and numbers.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct RowView {
    #[schemars(extend("x-untrusted" = true))]
    id: String,
    #[schemars(extend("x-untrusted" = true))]
    from: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-untrusted" = true))]
    to: Vec<String>,
    #[schemars(extend("x-untrusted" = true))]
    subject: String,
    date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-untrusted" = true))]
    flags: Vec<String>,
    size: u64,
    attachments: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-untrusted" = true))]
    list: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-untrusted" = true))]
    labels: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-untrusted" = true))]
    snippet: Option<String>,
}

/// How much of each text a row shows, in characters.
struct Measure {
    subject: usize,
    address: usize,
    to: usize,
    names: usize,
    snippet: usize,
}

/// From what every ordinary mail fits into, down to what always fits.
const MEASURES: &[Measure] = &[
    Measure { subject: 300, address: 120, to: 3, names: 20, snippet: 200 },
    Measure { subject: 150, address: 80, to: 3, names: 8, snippet: 150 },
    Measure { subject: 80, address: 60, to: 1, names: 3, snippet: 80 },
    Measure { subject: 60, address: 50, to: 0, names: 0, snippet: 0 },
];

/// The rows as large as they fit into `room` characters of JSON; texts are shortened, rows never left out.
pub(crate) fn fit(rows: &[Row], nonce: &Nonce, room: usize) -> Vec<RowView> {
    let mut shown = Vec::new();
    for measure in MEASURES {
        shown = rows.iter().map(|row| view(row, nonce, measure)).collect();
        if size::json_chars(&shown) <= room {
            break;
        }
    }
    shown
}

fn view(row: &Row, nonce: &Nonce, measure: &Measure) -> RowView {
    let snippet = row.snippet.as_deref().filter(|text| !text.is_empty() && measure.snippet > 0);
    RowView {
        id: row.id.to_string(),
        from: row.from.as_ref().map(|from| address(from, measure.address)).unwrap_or_default(),
        to: if measure.to == 0 { Vec::new() } else { addresses(&row.to, measure.to, measure.address) },
        subject: shorten(&row.subject, measure.subject).0,
        date: date(row.date),
        sent: row.sent.map(date),
        flags: row.flags.iter().take(measure.names + 5).map(|flag| shorten(flag.as_str(), 40).0).collect(),
        size: row.size,
        attachments: row.attachments,
        list: row.list.as_ref().map(|list| shorten(list, measure.address).0),
        thread: row.thread.clone(),
        labels: row.labels.iter().take(measure.names).map(|label| shorten(label, 60).0).collect(),
        snippet: snippet.map(|text| nonce.fence(&harmless(&shorten(text, measure.snippet).0))),
    }
}

/// A row of a sample: enough for a person to recognise the message.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct BriefRow {
    id: String,
    from: String,
    subject: String,
    date: String,
}

impl From<&Row> for BriefRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.id.to_string(),
            from: row.from.as_ref().map(|from| address(from, 80)).unwrap_or_default(),
            subject: shorten(&row.subject, 150).0,
            date: date(row.date),
        }
    }
}
