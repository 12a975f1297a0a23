//! Files and their names.

use domain::{Envelope, PartPath};

use super::*;

fn leaf(path: &str, media_type: &str) -> Part {
    let (kind, subtype) = media_type.split_once('/').unwrap();
    let path: PartPath = path.parse().unwrap();
    Part {
        path,
        kind: kind.to_owned(),
        subtype: subtype.to_owned(),
        encoding: "7bit".to_owned(),
        size: 100,
        ..Part::default()
    }
}

fn multipart(path: &str, subtype: &str, children: Vec<Part>) -> Part {
    Part { children, ..leaf(path, &format!("multipart/{subtype}")) }
}

fn named(mut part: Part, disposition: &str, name: &str) -> Part {
    part.disposition = Some(disposition.to_owned());
    part.disposition_parameters.insert("filename".to_owned(), name.to_owned());
    part
}

#[test]
fn alternatives_of_the_text_are_no_files() {
    let message = multipart(
        "",
        "mixed",
        vec![
            multipart(
                "1",
                "alternative",
                vec![leaf("1.1", "text/plain"), leaf("1.2", "text/x-amp-html"), leaf("1.3", "text/html")],
            ),
            named(
                Part { encoding: "base64".to_owned(), size: 7_800, ..leaf("2", "application/pdf") },
                "attachment",
                "bill.pdf",
            ),
        ],
    );
    let found = attachments(&message);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].index, found[0].name.as_str(), found[0].size, found[0].is_inline),
        (1, "bill.pdf", 5_700, false)
    );
    assert_eq!(found[0].path, PartPath(vec![2]));
}

#[test]
fn pictures_inside_the_body_are_inline() {
    let mut image = leaf("2", "image/png");
    image.content_id = Some("logo".to_owned());
    let found = attachments(&multipart("", "related", vec![leaf("1", "text/html"), image]));
    assert_eq!((found[0].name.as_str(), found[0].is_inline), ("image-1.png", true));
}

#[test]
fn a_nested_message_is_one_file_named_by_its_subject() {
    let mut nested = leaf("2", "message/rfc822");
    nested.envelope =
        Some(Box::new(Envelope { subject: "Re: a/b: plans".to_owned(), ..Envelope::default() }));
    nested.children = vec![leaf("2.1", "text/plain"), leaf("2.2", "application/pdf")];
    let found = attachments(&multipart("", "mixed", vec![leaf("1", "text/plain"), nested]));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].name, "b_ plans.eml");
}

#[test]
fn an_invitation_beside_the_text_is_a_file() {
    let parts = vec![leaf("1", "text/plain"), leaf("2", "text/html"), leaf("3", "text/calendar")];
    let found = attachments(&multipart("", "alternative", parts));
    assert_eq!(found[0].name, "invite-1.ics");
}

#[test]
fn names_from_outside_are_made_safe() {
    assert_eq!(clean_file_name("../../etc/passwd"), "passwd");
    assert_eq!(clean_file_name("C:\\Users\\x\\bill.pdf"), "bill.pdf");
    assert_eq!(clean_file_name("inv\u{202E}fdp.exe"), "invfdp.exe");
    assert_eq!(clean_file_name("a\u{0}b\nc?.txt"), "ab_c_.txt");
    assert_eq!(clean_file_name(".."), "");
    assert_eq!(clean_file_name(".bashrc"), "_bashrc");
    assert_eq!(clean_file_name("  a   b .txt "), "a b .txt");
    let long = clean_file_name(&format!("{}.pdf", "x".repeat(500)));
    assert!(long.ends_with("….pdf") && long.chars().count() <= 120, "{long}");
}
