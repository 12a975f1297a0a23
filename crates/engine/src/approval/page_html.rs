//! The HTML form of a message that waits, for a frame in which nothing runs or loads.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{Part, Problem};
use mail::mime::{decode::decode_transfer, safe_html::to_read};
use storage::Outgoing;

use super::letter::Opened;
use crate::Engine;

/// Octets of one picture that is shown.
const LARGEST_PICTURE: usize = 2 << 20;
/// Octets of all pictures that are shown.
const LARGEST_PICTURES: usize = 6 << 20;
/// Parts of HTML that are shown.
const MOST_PARTS: usize = 20;

/// HTML that can be shown.
#[derive(Debug, Clone, Default)]
pub struct PageHtml {
    /// What stands in the body of its page.
    pub html: String,
    /// Pictures that would be loaded from elsewhere, and are not.
    pub left_out: usize,
    /// Whether it hides something by its style, which is why it is shown without colours and sizes.
    pub is_plain: bool,
}

impl Engine {
    /// The HTML form of the message; nothing if it has none, or is kept no longer.
    pub async fn letter_html(&self, message: &Outgoing) -> Result<Option<PageHtml>, Problem> {
        let Some(stored) = self.stored_letter(message).await? else { return Ok(None) };
        self.read_apart(move || page_html(&stored)).await
    }
}

fn page_html(stored: &[u8]) -> Option<PageHtml> {
    let opened = Opened::of(stored);
    let parts = opened.html();
    if parts.is_empty() {
        return None;
    }
    let pictures = pictures(&opened);
    let mut page = PageHtml::default();
    for part in parts.iter().take(MOST_PARTS) {
        let shown = to_read(part, &pictures);
        if !page.html.is_empty() {
            page.html.push_str("<hr>");
        }
        page.html.push_str(&shown.html);
        page.left_out += shown.left_out;
        page.is_plain |= shown.is_plain;
    }
    Some(page)
}

/// The message's own pictures by their Content-ID, as `data:` URLs.
fn pictures(opened: &Opened) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut room = LARGEST_PICTURES;
    collect(&opened.parsed.structure, opened, &mut room, &mut found);
    found
}

/// As deep as the parts nest, which is bounded.
fn collect(part: &Part, opened: &Opened, room: &mut usize, found: &mut BTreeMap<String, String>) {
    for child in &part.children {
        collect(child, opened, room, found);
    }
    // no SVG: it is a document of its own
    let is_picture =
        part.kind == "image" && matches!(part.subtype.as_str(), "png" | "jpeg" | "jpg" | "gif" | "webp");
    let (Some(id), Some(octets)) = (&part.content_id, opened.parsed.part_bytes.get(&part.path)) else {
        return;
    };
    if !is_picture || octets.len() > 2 * LARGEST_PICTURE {
        return;
    }
    let octets = decode_transfer(&part.encoding, octets);
    if octets.len() > LARGEST_PICTURE || octets.len() > *room {
        return;
    }
    *room -= octets.len();
    let url = format!("data:image/{};base64,{}", part.subtype, STANDARD.encode(&octets));
    found.entry(id.clone()).or_insert(url);
}
