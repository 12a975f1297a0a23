//! The marks that mail programs leave on quotations, attributions and signatures.

use super::attributes::Attributes;

/// What an element is marked as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    /// It holds a quotation of an earlier message.
    Cited,
    /// It holds the line before a quotation.
    Attribution,
    /// An earlier message begins here and runs to the end.
    HistoryHead,
    /// It holds the author's signature.
    Signature,
}

/// Reads the marks of an element.
pub(super) fn read(name: &[u8], class: &str, id: &str, attributes: &Attributes) -> Option<Marker> {
    if class.is_empty() && id.is_empty() && !matches!(name, b"blockquote" | b"div" | b"span") {
        return None;
    }
    by_id(id)
        .or_else(|| class.split_whitespace().take(20).find_map(|class| by_class(name, class)))
        .or_else(|| by_attribute(name, attributes))
}

/// Outlook on the web prefixes marks of what it quotes with `x_`, Gmail with `m_` and a number.
fn bare(mark: &str) -> &str {
    let mut mark = mark;
    while let Some(rest) = mark.strip_prefix("x_") {
        mark = rest;
    }
    if let Some(rest) = mark.strip_prefix("m_") {
        let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-' || c == '_');
        if digits.len() < rest.len() {
            return digits;
        }
    }
    mark
}

fn by_id(id: &str) -> Option<Marker> {
    match bare(id) {
        "divRplyFwdMsg"
        | "OLK_SRC_BODY_SECTION"
        | "mail-editor-reference-message-container"
        | "replySplit"
        | "original-content"
        | "oriMsgHtmlSeperator"
        | "isReplyContent" => Some(Marker::HistoryHead),
        "reply-intro" => Some(Marker::Attribution),
        "Signature"
        | "signature"
        | "AppleMailSignature"
        | "ms-outlook-mobile-signature"
        | "Zm-_Id_-Sgn"
        | "divtagdefaultwrapper-signature"
        | "AOLMsgPart_signature"
        | "lineBreakAtBeginningOfSignature"
        | "_rc_sig"
        | "OutlookSignature"
        | "composer_signature" => Some(Marker::Signature),
        "yahoo_quoted" => Some(Marker::Cited),
        other if other.starts_with("yiv") && other.ends_with("yahoo_quoted") => Some(Marker::Cited),
        other if other.starts_with("ydp") && other.ends_with("yahoo_quoted") => Some(Marker::Cited),
        _ => None,
    }
}

fn by_class(name: &[u8], class: &str) -> Option<Marker> {
    let is_quote = name == b"blockquote";
    match bare(class) {
        "gmail_attr" | "moz-cite-prefix" | "moz-email-headers-table" | "zmail_extra_hdr" => {
            Some(Marker::Attribution)
        }
        // The box around a Gmail reply holds answers too; only its blockquotes are quotations.
        "gmail_quote" if is_quote => Some(Marker::Cited),
        "yahoo_quoted" | "protonmail_quote" | "tutanota_quote" | "zmail_extra" | "iCloudQuote"
        | "hw_quote" | "email-quoted-reply" | "mailru-blockquote" | "quoted-reply" | "freebirdMailQuote" => {
            Some(Marker::Cited)
        }
        class if class.ends_with("yahoo_quoted") => Some(Marker::Cited),
        "gmail_signature"
        | "moz-signature"
        | "protonmail_signature_block"
        | "Apple-signature"
        | "ms-signature"
        | "gmail_signature_prefix"
        | "signature_block"
        | "mailru-signature"
        | "tutanota_signature"
        | "email-signature"
        | "pre_sig" => Some(Marker::Signature),
        _ => None,
    }
}

fn by_attribute(name: &[u8], attributes: &Attributes) -> Option<Marker> {
    match name {
        b"blockquote" if attributes.text("type").eq_ignore_ascii_case("cite") || attributes.has("cite") => {
            Some(Marker::Cited)
        }
        b"div" if attributes.text("name").eq_ignore_ascii_case("quote") => Some(Marker::Cited),
        b"div" | b"span" if attributes.text("data-smartmail") == "gmail_signature" => Some(Marker::Signature),
        b"div" if attributes.text("data-marker") == "__SIG_PRE__" => Some(Marker::Signature),
        _ => None,
    }
}
