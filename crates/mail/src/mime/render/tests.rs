//! The whole way from fetched parts to what an agent reads, and the corpus of real messages.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use proptest::prelude::*;

use super::*;
use crate::mime::{attachments::attachments, text_parts::text_plan, whole};

fn html() -> TextPart {
    TextPart {
        is_html: true,
        encoding: "8bit".to_owned(),
        charset: Some("utf-8".to_owned()),
        ..TextPart::default()
    }
}

fn plain_text() -> TextPart {
    TextPart { is_html: false, ..html() }
}

fn masking() -> Options<'static> {
    Options { mask_codes: true, ..Options::default() }
}

#[test]
fn a_body_is_folded_linked_and_cleaned() {
    let body = "<p>Dear Ann,\u{200B}</p><p>see <a href='https://www.example.org/plan?utm_source=x'>the plan</a>.</p><div style='display:none'>secret</div><div class=gmail_signature>Bob<br>Example</div><div class=gmail_quote><div class=gmail_attr>On Mon, May 3, 2024 at 10:12 AM Ann &lt;ann@example.org&gt; wrote:</div><blockquote class=gmail_quote>a<br>b<br>c</blockquote></div>";
    let rendered = render(&[(html(), body.as_bytes())], Options::default());
    assert_eq!(
        rendered.readable.text,
        "Dear Ann,\n\nsee [the plan][1].\n\n[signature: 2 lines]\n[quoted: 3 lines, from Ann]"
    );
    assert_eq!(rendered.readable.links[0].url, "example.org/plan");
    assert_eq!(rendered.readable.removed, Removed { hidden: 6, invisible: 1 });
}

#[test]
fn the_full_view_folds_nothing_and_shows_whole_urls() {
    let body = "Hi\n-- \nBob\n\n> a\n> b\n> c\nhttps://example.org/?utm_source=x";
    let rendered = render(&[(plain_text(), body.as_bytes())], Options { full: true, ..Options::default() });
    assert_eq!(rendered.readable.text, "Hi\n--\nBob\n\n> a\n> b\n> c\nhttps://example.org/?utm_source=x");
}

#[test]
fn parts_are_joined_in_their_order_and_links_numbered_through() {
    let one = "<a href='https://a.example/'>one</a>";
    let two = "<a href='https://b.example/'>two</a>";
    let rendered = render(
        &[(html(), one.as_bytes()), (plain_text(), b"middle"), (html(), two.as_bytes())],
        Options::default(),
    );
    assert_eq!(rendered.readable.text, "[one][1]\n\nmiddle\n\n[two][2]");
}

#[test]
fn links_of_folded_history_are_left_out() {
    let body = "<p>Hi</p><blockquote type=cite>a<br>b<br><a href='https://old.example/'>old</a></blockquote><p>see <a href='https://new.example/'>new</a></p>";
    let rendered = render(&[(html(), body.as_bytes())], Options::default());
    assert_eq!(rendered.readable.text, "Hi\n\n[quoted: 3 lines]\n\nsee [new][2]");
    assert_eq!(rendered.readable.links.iter().map(|link| link.number).collect::<Vec<_>>(), [2]);
}

#[test]
fn codes_and_sign_in_links_are_masked_in_text_and_list() {
    let body = "<p>Your verification code is <b>493027</b>.</p><p><a href='https://login.example.org/verify?token=9f8a7b6c5d4e3f2a1b0c'>Sign in now</a></p>";
    let rendered = render(&[(html(), body.as_bytes())], masking());
    assert_eq!(rendered.readable.text, "Your verification code is [code hidden].\n\n[Sign in now][1]");
    assert_eq!(rendered.readable.links[0].url, "login.example.org [sign-in link hidden]");
    assert_eq!(rendered.masked, 2);
    assert!(!format!("{rendered:?}").contains("9f8a7b"));
}

#[test]
fn a_sign_in_link_that_shows_its_address_leaks_nothing() {
    let url = "https://login.example.org/reset/9f8a7b6c5d4e3f2a1b0c";
    for (part, body) in [
        (html(), format!("Reset your password: <a href='{url}'>{url}</a>")),
        (plain_text(), format!("Reset your password:\n{url}")),
        (plain_text(), format!("Reset your password:\n{url}{}", "a1b2c3".repeat(20))),
    ] {
        for full in [false, true] {
            let rendered = render(&[(part.clone(), body.as_bytes())], Options { full, ..masking() });
            assert!(!format!("{rendered:?}").contains("9f8a7b"), "{rendered:?}");
            assert_eq!(rendered.masked, 1, "{rendered:?}");
        }
    }
}

#[test]
fn a_code_that_only_the_subject_announces_is_masked() {
    let body = "Hello Ann,\n\nwelcome back.\n\n493 027\n\nSee you on 12 May 2024.";
    let options = Options { subject: "Your verification code", ..masking() };
    let rendered = render(&[(plain_text(), body.as_bytes())], options);
    assert_eq!(
        rendered.readable.text,
        "Hello Ann,\n\nwelcome back.\n\n[code hidden]\n\nSee you on 12 May 2024."
    );
    assert_eq!(render(&[(plain_text(), body.as_bytes())], masking()).masked, 0);
}

#[test]
fn without_masking_nothing_is_masked() {
    let rendered = render(&[(plain_text(), b"Your code is 493027")], Options::default());
    assert_eq!((rendered.readable.text.as_str(), rendered.masked), ("Your code is 493027", 0));
}

#[test]
fn html_sent_as_plain_text_is_read_as_html() {
    let rendered = render(&[(plain_text(), b"<!DOCTYPE html><p>Hi</p>")], Options::default());
    assert_eq!(rendered.readable.text, "Hi");
}

#[test]
fn a_snippet_is_one_line_of_own_words() {
    let body = "<p style='display:none'>preview</p><img alt='Logo' src=x><h1>News</h1><p>Read <a href='https://x.example/'>more</a> | soon</p><blockquote type=cite>old<br>old<br>old</blockquote>";
    assert_eq!(snippet(&[(html(), body.as_bytes())], 200, masking()), "# News Read more soon");
    assert_eq!(snippet(&[(plain_text(), "Grüße aus dem Süden".as_bytes())], 5, masking()), "Grüße…");
    assert!(!snippet(&[(plain_text(), b"Your code is 493027")], 200, masking()).contains("493027"));
}

#[test]
fn a_snippet_of_html_cut_anywhere_hides_what_is_hidden() {
    let body = "<html><head><style>.x{display:none}</style></head><body><p class=x>secret</p><p>Hello <b>Ann</b></p>";
    for end in 0..body.len() {
        let found = snippet(&[(html(), &body.as_bytes()[..end])], 100, masking());
        assert!(!found.contains("secret") && "Hello Ann".starts_with(found.trim_end()), "{end}: {found}");
    }
}

#[test]
fn empty_parts_are_known_so_that_alternatives_can_be_asked() {
    assert!(!has_text(&html(), b"<html><body><img src=x width=1></body></html>"));
    assert!(!has_text(&plain_text(), b" \r\n\r\n"));
    assert!(has_text(&plain_text(), b"x"));
}

fn corpus() -> Option<PathBuf> {
    let start = Path::new(env!("CARGO_MANIFEST_DIR"));
    start.ancestors().map(|folder| folder.join("shared").join("corpus")).find(|folder| folder.is_dir())
}

/// The messages of the corpus in a fixed order.
fn messages() -> Vec<(PathBuf, Vec<u8>)> {
    let Some(root) = corpus() else {
        println!("no corpus here: nothing to try");
        return Vec::new();
    };
    let mut folders = vec![root];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let extension =
                path.extension().map(|end| end.to_string_lossy().into_owned()).unwrap_or_default();
            if path.is_dir() {
                folders.push(path);
            } else if !matches!(extension.as_str(), "ics" | "vcf" | "json" | "golden" | "png" | "md") {
                let raw = std::fs::read(&path).unwrap();
                found.push((path, raw));
            }
        }
    }
    found.sort();
    found
}

fn read(raw: &[u8]) -> Rendered {
    let parsed = whole::parse(raw);
    let _ = attachments(&parsed.structure);
    let _ = parsed.headers.envelope();
    let plan = text_plan(&parsed.structure);
    let bytes = |part: &TextPart| parsed.part_bytes.get(&part.path).cloned().unwrap_or_default();
    let fetched: Vec<_> = plan.parts.iter().map(|part| (part.clone(), bytes(part))).collect();
    let parts: Vec<(TextPart, &[u8])> =
        fetched.iter().map(|(part, data)| (part.clone(), data.as_ref())).collect();
    let _ = snippet(&parts, 120, masking());
    render(&parts, masking())
}

#[test]
fn every_message_of_the_corpus_is_read_the_same_twice() {
    let all = messages();
    let mut with_text = 0;
    for (path, raw) in &all {
        let start = Instant::now();
        let first = read(raw);
        assert!(start.elapsed() < Duration::from_secs(5), "{}", path.display());
        assert_eq!(first, read(raw), "{}", path.display());
        with_text += usize::from(!first.readable.text.is_empty());
        assert_eq!(invisible::clean(&first.readable.text).1, 0, "{}", path.display());
    }
    println!("{with_text} of {} messages have text", all.len());
    assert!(with_text * 10 >= all.len() * 8);
}

#[test]
fn mutated_messages_are_read_without_a_panic() {
    // A small generator of our own: the same mutations in every run.
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % (below.max(1) as u64)).unwrap_or(0)
    };
    for (_, raw) in messages().iter().filter(|(_, raw)| raw.len() < 40_000) {
        let mut mutated = raw.clone();
        for _ in 0..8 {
            let at = next(mutated.len());
            match next(4) {
                0 if !mutated.is_empty() => mutated[at] = u8::try_from(next(256)).unwrap_or(0),
                1 => mutated.truncate(at.max(20)),
                2 => mutated.insert(at, b"<>=\"&;-\n"[next(8)]),
                _ => {
                    let end = (at + next(200)).min(mutated.len());
                    mutated.drain(at..end);
                }
            }
        }
        let _ = read(&mutated);
    }
}

proptest! {
    #[test]
    fn no_octets_panic(data in proptest::collection::vec(any::<u8>(), 0..300), is_html in any::<bool>(), full in any::<bool>()) {
        let part = TextPart { is_html, is_flowed: full, is_delsp: full, ..html() };
        let _ = render(&[(part.clone(), &data)], Options { full, mask_codes: true, subject: "Fwd: code" });
        let _ = snippet(&[(part, &data)], 100, masking());
    }
}
