//! Which parts of a message hold the text an agent reads, so that files are never fetched to show text.
//!
//! Decided from the structure alone. What is not text here is a file: see `attachments`.

use domain::{Part, PartPath};

/// Deepest nesting that is looked at (contract: MIME depth 50).
pub const MAX_DEPTH: usize = 50;
/// Most parts that are looked at (contract: 1,000).
pub const MAX_PARTS: usize = 1_000;
/// HTML above this size gives way to a plain alternative.
const LARGE_HTML: u64 = 3 * 1024 * 1024;
/// A named text file up to this size is shown in the body although it is a file.
const SHORT_FILE: u64 = 32 * 1024;

/// One part to fetch and how to read it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextPart {
    /// Where it stands.
    pub path: PartPath,
    /// Whether it is HTML; else plain text.
    pub is_html: bool,
    /// The charset that its header names.
    pub charset: Option<String>,
    /// Content-Transfer-Encoding in lower case.
    pub encoding: String,
    /// Octets as they stand in the message.
    pub size: u64,
    /// Whether plain text is format=flowed (RFC 3676).
    pub is_flowed: bool,
    /// Whether the flowed text uses DelSp.
    pub is_delsp: bool,
}

/// The parts to fetch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextPlan {
    /// What is shown, in order.
    pub parts: Vec<TextPart>,
    /// The other renderings of the same text: shown instead where `parts` turn out to hold no text.
    pub alternative_fallback: Vec<TextPart>,
    /// Whether there are parts that are not looked at: deeper, or more, than the limits allow.
    pub is_cut: bool,
}

/// Says which parts hold the text of a message.
///
/// Of alternatives the HTML is chosen: it is what the person sees, keeps links and marks quotations, and
/// its plain twin is often a stub ("your client cannot show HTML") or differs on purpose. What hides in
/// HTML is removed by our converter. Only enormous HTML gives way to its plain twin.
pub fn text_plan(structure: &Part) -> TextPlan {
    let mut plan = TextPlan::default();
    collect(structure, 0, &mut plan);
    let mut left = MAX_PARTS;
    plan.is_cut |= has_at_least(structure, &mut left);
    plan
}

/// Whether a structure holds so many parts; whoever made it stopped there.
fn has_at_least(part: &Part, left: &mut usize) -> bool {
    *left = left.saturating_sub(1);
    *left == 0 || part.children.iter().any(|child| has_at_least(child, left))
}

fn collect(part: &Part, depth: usize, plan: &mut TextPlan) {
    if depth > MAX_DEPTH || plan.parts.len() >= MAX_PARTS {
        plan.is_cut = true;
        return;
    }
    if part.kind == "multipart" {
        collect_multipart(part, depth, plan);
    } else if is_shown_report(part) || is_body_text(part, plan) {
        plan.parts.push(text_part(part));
    }
}

fn collect_multipart(part: &Part, depth: usize, plan: &mut TextPlan) {
    match part.subtype.as_str() {
        "alternative" => collect_alternative(part, depth, plan),
        "related" => {
            if let Some(root) = related_root(part) {
                collect(root, depth + 1, plan);
            }
        }
        // The second child is the signature. What is encrypted cannot be read here.
        "signed" => {
            if let Some(content) = part.children.first() {
                collect(content, depth + 1, plan);
            }
        }
        "encrypted" => {}
        _ => {
            for child in &part.children {
                collect(child, depth + 1, plan);
            }
        }
    }
}

fn collect_alternative(part: &Part, depth: usize, plan: &mut TextPlan) {
    let mut options: Vec<TextPlan> = Vec::new();
    for child in part.children.iter().take(MAX_PARTS) {
        let mut option = TextPlan::default();
        collect(child, depth + 1, &mut option);
        plan.is_cut |= option.is_cut;
        if !option.parts.is_empty() {
            options.push(option);
        }
    }
    let is_html = |option: &TextPlan| option.parts.iter().any(|part| part.is_html);
    let is_huge = |option: &TextPlan| option.parts.iter().map(|part| part.size).sum::<u64>() > LARGE_HTML;
    let chosen = options
        .iter()
        .rposition(|option| is_html(option) && !is_huge(option))
        .or_else(|| options.iter().rposition(|option| !is_html(option)))
        .or_else(|| options.len().checked_sub(1));
    for (position, option) in options.into_iter().enumerate() {
        if Some(position) == chosen {
            plan.parts.extend(option.parts);
        } else {
            plan.alternative_fallback.extend(option.parts);
        }
        plan.alternative_fallback.extend(option.alternative_fallback);
    }
}

/// The root of a multipart/related: what `start` names (RFC 2387), else the first child that can be text.
pub(super) fn related_root(part: &Part) -> Option<&Part> {
    let start = part.parameters.get("start").map(|id| id.trim_matches(['<', '>', ' ']));
    let named =
        start.and_then(|id| part.children.iter().find(|child| child.content_id.as_deref() == Some(id)));
    named
        .or_else(|| part.children.iter().find(|child| child.kind == "text" || child.kind == "multipart"))
        .or_else(|| part.children.first())
}

/// Whether a leaf is text of the body and not a file.
fn is_body_text(part: &Part, plan: &TextPlan) -> bool {
    if !is_readable_type(part) || part.disposition.as_deref() == Some("attachment") {
        return false;
    }
    // A patch or a log sent inline is read with the body; a long one is a file.
    part.file_name().is_none() || plan.parts.is_empty() || (part.size <= SHORT_FILE && part.subtype != "html")
}

fn is_readable_type(part: &Part) -> bool {
    match part.kind.as_str() {
        "text" => matches!(
            part.subtype.as_str(),
            "plain" | "html" | "" | "enriched" | "markdown" | "x-markdown" | "x-patch" | "x-diff" | "unknown"
        ),
        "" => true,
        "application" => part.subtype == "xhtml+xml",
        _ => false,
    }
}

/// Machine-readable reports that say in words what happened to a message.
fn is_shown_report(part: &Part) -> bool {
    part.kind == "message"
        && matches!(
            part.subtype.as_str(),
            "delivery-status" | "global-delivery-status" | "disposition-notification" | "feedback-report"
        )
        && part.disposition.as_deref() != Some("attachment")
}

fn text_part(part: &Part) -> TextPart {
    let is = |name: &str, value: &str| {
        part.parameters.get(name).is_some_and(|found| found.trim().eq_ignore_ascii_case(value))
    };
    let is_flowed = part.subtype == "plain" && is("format", "flowed");
    TextPart {
        path: part.path.clone(),
        is_html: part.subtype == "html" || part.subtype == "xhtml+xml",
        charset: part.parameters.get("charset").cloned().filter(|charset| !charset.trim().is_empty()),
        encoding: part.encoding.to_ascii_lowercase(),
        size: part.size,
        is_flowed,
        is_delsp: is_flowed && is("delsp", "yes"),
    }
}

#[cfg(test)]
#[path = "text_parts/tests.rs"]
mod tests;
