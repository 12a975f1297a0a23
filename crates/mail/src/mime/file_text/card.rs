//! Cards of people (vCard, RFC 6350) as lines, without the pictures and keys that they carry.

/// What says nothing to a reader.
const SILENT: &[&str] =
    &["BEGIN", "END", "VERSION", "PRODID", "REV", "UID", "PHOTO", "LOGO", "SOUND", "KEY", "CLIENTPIDMAP"];

/// One line a property, cards apart by an empty line.
pub(super) fn text(card: &str) -> String {
    let mut out = String::new();
    for line in unfolded(card) {
        let Some((name, value)) = line.split_once(':') else { continue };
        let property = name.split(';').next().unwrap_or_default();
        let property = property.rsplit('.').next().unwrap_or_default().to_ascii_uppercase();
        let value = value.trim().trim_matches(';');
        if property == "END" && !out.is_empty() {
            out.push('\n');
        }
        if value.is_empty() || SILENT.contains(&property.as_str()) || property.starts_with("X-") {
            continue;
        }
        out.push_str(&property);
        out.push_str(": ");
        out.push_str(&value.replace("\\n", " ").replace("\\,", ",").replace("\\;", ";").replace(';', ", "));
        out.push('\n');
    }
    out
}

/// Content lines: a line that begins with a blank goes on the one before (3.2).
fn unfolded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(more), Some(last)) => last.push_str(more),
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}
