//! Whatever a stranger mails: a message taken apart and rendered in both views. Nothing panics, no
//! character that must be gone is left, and the same message gives the same text. A module of the fuzz
//! target and of the tests of `mail`.

use mail::mime::{
    attachments::attachments,
    header::Headers,
    invisible,
    render::{Options, render},
    text_parts::{TextPart, text_plan},
    whole, words,
};

/// Panics if anything is wrong with what becomes of these octets.
pub(crate) fn check(octets: &[u8]) {
    let parsed = whole::parse(octets);
    let parts: Vec<(TextPart, &[u8])> = text_plan(&parsed.structure)
        .parts
        .into_iter()
        .filter_map(|part| {
            let data = parsed.part_bytes.get(&part.path)?;
            Some((part, data.as_ref()))
        })
        .collect();
    let subject = words::decode(octets.get(..200).unwrap_or(octets));
    for full in [false, true] {
        let options = Options { full, mask_codes: true, subject: &subject };
        let rendered = render(&parts, options);
        assert_eq!(rendered, render(&parts, options));
        let (_, left) = invisible::clean(&rendered.readable.text);
        assert_eq!(left, 0, "invisible characters are left");
    }
    let _ = attachments(&parsed.structure);
    let _ = Headers::parse(octets);
}
