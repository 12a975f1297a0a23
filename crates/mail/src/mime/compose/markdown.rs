//! Markdown that an agent wrote → HTML and plain text.

/// Markdown as HTML.
pub fn markdown_to_html(markdown: &str) -> String {
    markdown.to_owned()
}

/// Markdown as plain text.
pub fn markdown_to_text(markdown: &str) -> String {
    markdown.to_owned()
}
