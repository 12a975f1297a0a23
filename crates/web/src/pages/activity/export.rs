//! The trail to take along, as JSON or CSV: what is wanted, newest first, in pieces, however much there is; for
//! who proved lately who they are. JSON has
//! what is hashed as it is hashed; in CSV a cell that a spreadsheet would take for a formula has `'` before it.

use std::fmt::Write as _;

use access::AuditRow;
use axum::{
    body::Body,
    extract::{RawQuery, State},
    http::{
        HeaderValue,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse as _, Response},
};
use futures_util::stream::try_unfold;
use time::macros::format_description;

use super::filter::Filter;
use crate::frame::{Answer, Error, Person, Site, query_value};

/// Entries that are read at a time.
const AT_ONCE: u32 = 500;

/// What it is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
}

/// The columns of CSV.
const COLUMNS: &str =
    "seq,at,door,agent_id,agent,tool,targets,outcome,octets,undo,user,form,at_ms,previous,hash\r\n";

pub(super) async fn export(State(site): State<Site>, person: Person, RawQuery(query): RawQuery) -> Answer {
    person.proven(&site, "/activity")?;
    let query = query.unwrap_or_default();
    let (format, kind, name) = match query_value(&query, "format").as_deref() {
        Some("csv") => {
            (Format::Csv, "text/csv; charset=utf-8", "attachment; filename=\"postroom-activity.csv\"")
        }
        None | Some("json") => {
            (Format::Json, "application/json", "attachment; filename=\"postroom-activity.json\"")
        }
        Some(_) => return Err(Error::NotFound),
    };
    let filter = Filter::read(&query).wanted();
    // the first piece before the answer begins: what cannot be read is told with a page
    let first = site.access.activity_recorded(&person.signed_in, &filter, None, AT_ONCE).await?;
    let pieces = try_unfold((Some(first), true), move |(rows, is_first)| {
        let (site, who, filter) = (site.clone(), person.signed_in.clone(), filter.clone());
        async move {
            let Some((rows, next)) = rows else { return Ok::<_, access::Error>(None) };
            let text = piece(format, &rows, is_first, next.is_none());
            let is_still_first = is_first && rows.is_empty();
            let further = match next {
                Some(next) => Some(site.access.activity_recorded(&who, &filter, Some(next), AT_ONCE).await?),
                None => None,
            };
            Ok(Some((text, (further, is_still_first))))
        }
    });
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CONTENT_DISPOSITION, HeaderValue::from_static(name)),
    ];
    let response: Response = (headers, Body::from_stream(pieces)).into_response();
    Ok(response)
}

/// Some entries. `is_first`: none was written yet; `is_last`: none comes behind them.
fn piece(format: Format, rows: &[AuditRow], is_first: bool, is_last: bool) -> String {
    let mut text = String::new();
    match format {
        Format::Csv => {
            // an empty piece may come before: what begins the file is written with the first entries, or at its end
            if is_first && (is_last || !rows.is_empty()) {
                text.push_str(COLUMNS);
            }
            for row in rows {
                line(&mut text, row);
            }
        }
        Format::Json => {
            for (number, row) in rows.iter().enumerate() {
                text.push_str(if is_first && number == 0 { "[\n" } else { ",\n" });
                text.push_str(&object(row).to_string());
            }
            if is_last {
                text.push_str(if is_first && rows.is_empty() { "[]\n" } else { "\n]\n" });
            }
        }
    }
    text
}

fn object(row: &AuditRow) -> serde_json::Value {
    let AuditRow { seq, row, form, previous, hash } = row;
    serde_json::json!({
        "seq": seq,
        "at": exact(row.at),
        "at_ms": milliseconds(row.at),
        "user": row.user,
        "agent_id": row.grant.as_str(),
        "agent": row.client,
        "door": row.door,
        "tool": row.tool,
        // as text, since that is what is hashed
        "targets": row.targets,
        "outcome": row.outcome,
        "octets": row.octets,
        "undo": row.undo,
        "form": form,
        "previous": hex(previous),
        "hash": hex(hash),
    })
}

fn line(text: &mut String, row: &AuditRow) {
    let AuditRow { seq, row, form, previous, hash } = row;
    let octets = row.octets.map(|octets| octets.to_string()).unwrap_or_default();
    let cells = [
        &seq.to_string(),
        &exact(row.at),
        &row.door,
        row.grant.as_str(),
        &row.client,
        &row.tool,
        &row.targets,
        &row.outcome,
        &octets,
        &row.undo,
        &row.user,
        &form.to_string(),
        &milliseconds(row.at).to_string(),
        &hex(previous),
        &hex(hash),
    ];
    for (number, cell) in cells.into_iter().enumerate() {
        if number > 0 {
            text.push(',');
        }
        write_cell(text, cell);
    }
    text.push_str("\r\n");
}

/// Writes a cell (RFC 4180) that no spreadsheet calculates.
fn write_cell(text: &mut String, cell: &str) {
    text.push('"');
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        text.push('\'');
    }
    for c in cell.chars() {
        if c == '"' {
            text.push('"');
        }
        text.push(c);
    }
    text.push('"');
}

fn exact(at: domain::Timestamp) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    at.format(format).unwrap_or_default()
}

fn milliseconds(at: domain::Timestamp) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut text, octet| {
        // writing to a text does not fail
        let _ = write!(text, "{octet:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula_and_does_not_end_early() {
        for (cell, written) in [
            ("plain", "\"plain\""),
            ("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            ("a,b\r\n\"c\"", "\"a,b\r\n\"\"c\"\"\""),
        ] {
            let mut text = String::new();
            write_cell(&mut text, cell);
            assert_eq!(text, written);
        }
    }

    #[test]
    fn pieces_without_entries_make_no_gap() {
        assert_eq!(piece(Format::Json, &[], true, true), "[]\n");
        assert_eq!([piece(Format::Json, &[], true, false), piece(Format::Csv, &[], true, false)], ["", ""]);
        assert_eq!(piece(Format::Json, &[], false, true), "\n]\n");
        assert_eq!(piece(Format::Csv, &[], true, true), COLUMNS);
        assert_eq!(piece(Format::Csv, &[], false, true), "");
    }
}
