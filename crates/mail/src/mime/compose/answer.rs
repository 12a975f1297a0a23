//! The bodies of new messages, replies and forwards, as text and as HTML.
//!
//! Own words first, then the signature, then the quoted or forwarded message, as people read today.

use domain::Address;

use super::{
    escape::{escape, escape_lines},
    language::Language,
    markdown::{markdown_to_html, markdown_to_text},
    quotation::{self, CLOSE_QUOTE, Original, open_quote},
    reply::clean_name,
    reply_subject::one_line,
    safe_html::{html_to_text, is_html, safe_html},
};

/// Longest name in an attribution, in characters.
const MAX_NAME: usize = 60;
/// Most addresses of a field of a forwarded message.
const MAX_ADDRESSES: usize = 50;
/// Longest address that is shown, in characters.
const MAX_ADDRESS: usize = 254;

/// What the person or agent wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own<'a> {
    /// Markdown: both forms are made from it.
    Markdown(&'a str),
    /// HTML, and the Markdown of its text twin. Without that, or where it has other words than the HTML
    /// shows, the twin is made from the HTML: who reads one of both must not be told something else.
    Html {
        /// HTML as it was given; it is made safe.
        html: &'a str,
        /// Markdown of the text twin.
        text: Option<&'a str>,
    },
}

/// What a message answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// Nothing: it is new.
    New,
    /// It answers a message, which is quoted below.
    Reply(&'a Original<'a>),
    /// It passes a message on, which stands below.
    Forward(&'a Original<'a>),
}

/// A body in both forms.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Body {
    /// Plain text: paragraphs are single lines, quoted lines begin with `>`, lines end with `\n`.
    pub text: String,
    /// A whole HTML document, safe to show.
    pub html: String,
}

/// Builds a body: own part, signature (plain or HTML, below `-- `), then the quoted or forwarded message.
///
/// `language` is that of the lines we write ourselves; absent, it is recognised from the own words, else
/// from the subject that is answered.
pub fn body(own: Own<'_>, answer: Answer<'_>, signature: Option<&str>, language: Option<Language>) -> Body {
    let (own_text, own_html) = match own {
        Own::Markdown(markdown) => (markdown_to_text(markdown), markdown_to_html(markdown)),
        Own::Html { html, text } => {
            // The text is of what leaves, not of what was taken out.
            let html = safe_html(html);
            let shown = html_to_text(&html);
            let twin = text.map(markdown_to_text).filter(|twin| words(twin).eq(words(&shown)));
            (twin.unwrap_or(shown), html)
        }
    };
    let subject = match answer {
        Answer::New => "",
        Answer::Reply(original) | Answer::Forward(original) => original.subject,
    };
    let language = language.unwrap_or_else(|| Language::recognise(&own_text, subject));
    let mut texts = vec![own_text.trim_end().to_owned()];
    let mut htmls = vec![format!("<div>{}</div>\n", own_html.trim_end())];
    if let Some(signature) = signature.map(without_mark).filter(|signature| !signature.trim().is_empty()) {
        let (text, html) = if is_html(signature) {
            let html = safe_html(signature);
            (html_to_text(&html), html)
        } else {
            (lines(signature), escape_lines(signature))
        };
        if !text.trim().is_empty() {
            texts.push(format!("-- \n{}", text.trim()));
        }
        htmls.push(format!("<br>\n<div class=\"moz-signature\">-- <br>\n{html}</div>\n"));
    }
    match answer {
        Answer::New => {}
        Answer::Reply(original) => {
            texts.push(reply_text(original, language));
            htmls.push(reply_html(original, language));
        }
        Answer::Forward(original) => {
            texts.push(forward_text(original, language));
            htmls.push(forward_html(original, language));
        }
    }
    texts.retain(|text| !text.trim().is_empty());
    let mut text = texts.join("\n\n");
    text.truncate(text.trim_end().len());
    text.push('\n');
    let html = format!("<!DOCTYPE html>\n<html><body>\n{}</body></html>\n", htmls.concat());
    Body { text, html }
}

/// The words of a text, whatever stands between them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// A signature without the mark that we put before it ourselves.
fn without_mark(signature: &str) -> &str {
    let text = signature.trim_start_matches(['\r', '\n']);
    match text.split_once('\n') {
        Some((first, rest)) if matches!(first.trim_end(), "--") => rest,
        _ => text,
    }
}

fn lines(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn reply_text(original: &Original<'_>, language: Language) -> String {
    let introduction = language.attribution(original.date, &author(original, language));
    format!("{introduction}\n{}", quotation::as_text(original.text, 1, language.words().left_out))
}

fn reply_html(original: &Original<'_>, language: Language) -> String {
    let introduction = language.attribution(original.date, &author(original, language));
    format!(
        "<br>\n<div class=\"moz-cite-prefix\">{}</div>\n{}{}{CLOSE_QUOTE}",
        escape(&introduction),
        open_quote(),
        quotation::as_html(original.text, language.words().left_out),
    )
}

fn forward_text(original: &Original<'_>, language: Language) -> String {
    let head = forward_head(original, language).join("\n");
    format!("{head}\n\n{}", quotation::as_text(original.text, 0, language.words().left_out))
}

fn forward_html(original: &Original<'_>, language: Language) -> String {
    let head: Vec<String> = forward_head(original, language).iter().map(|line| escape(line)).collect();
    format!(
        "<br>\n<div class=\"moz-forward-container\">{}<br>\n<br>\n{}</div>\n",
        head.join("<br>\n"),
        quotation::as_html(original.text, language.words().left_out),
    )
}

/// The lines above a message that is passed on. Its Bcc is never among them.
fn forward_head(original: &Original<'_>, language: Language) -> Vec<String> {
    let words = language.words();
    let [from, date, subject, to, cc] = words.fields;
    let dashes = "-".repeat(10);
    let mut head = vec![format!("{dashes} {} {dashes}", words.forwarded)];
    let mut field = |name: &str, value: String| {
        if !value.is_empty() {
            head.push(format!("{name}: {value}"));
        }
    };
    let authors = addresses(original.from);
    field(from, if authors.is_empty() { words.somebody.to_owned() } else { authors });
    field(date, language.date_and_time(original.date));
    field(subject, one_line(original.subject));
    field(to, addresses(original.to));
    field(cc, addresses(original.cc));
    head
}

fn author(original: &Original<'_>, language: Language) -> String {
    let shown = original.from.first().map(shown).filter(|shown| !shown.is_empty());
    shown.unwrap_or_else(|| language.words().somebody.to_owned())
}

fn addresses(addresses: &[Address]) -> String {
    let mut found: Vec<String> =
        addresses.iter().take(MAX_ADDRESSES).map(shown).filter(|shown| !shown.is_empty()).collect();
    if addresses.len() > MAX_ADDRESSES {
        found.push(format!("… (+{})", addresses.len() - MAX_ADDRESSES));
    }
    found.join(", ")
}

/// `Ann Lee <ann@example.org>` in one line; nothing of it can end the line or pretend to be more of it.
fn shown(address: &Address) -> String {
    let email: String = address
        .email
        .chars()
        .filter(|c| !c.is_control() && !c.is_whitespace() && !matches!(c, '<' | '>'))
        .take(MAX_ADDRESS)
        .collect();
    let name: String = clean_name(&address.name).replace(['<', '>', '"', ':'], "");
    let name: String = name.trim().chars().take(MAX_NAME).collect();
    match (name.is_empty() || name == email, email.is_empty()) {
        (true, _) => email,
        (false, true) => name,
        (false, false) => format!("{name} <{email}>"),
    }
}

#[cfg(test)]
#[path = "answer/tests.rs"]
mod tests;
