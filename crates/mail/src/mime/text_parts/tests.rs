//! Which parts hold the text.

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

fn paths(parts: &[TextPart]) -> Vec<String> {
    parts.iter().map(|part| part.path.to_string()).collect()
}

#[test]
fn a_message_of_one_part_is_its_text() {
    let mut part = leaf("1", "text/plain");
    part.parameters.insert("charset".to_owned(), "utf-8".to_owned());
    part.parameters.insert("format".to_owned(), "Flowed".to_owned());
    part.parameters.insert("delsp".to_owned(), "YES".to_owned());
    let plan = text_plan(&part);
    assert_eq!(paths(&plan.parts), ["1"]);
    assert!(plan.parts[0].is_flowed && plan.parts[0].is_delsp && !plan.parts[0].is_html);
    assert_eq!(plan.parts[0].charset.as_deref(), Some("utf-8"));
}

#[test]
fn of_alternatives_html_is_shown_and_plain_is_the_fallback() {
    let plan =
        text_plan(&multipart("", "alternative", vec![leaf("1", "text/plain"), leaf("2", "text/html")]));
    assert_eq!(paths(&plan.parts), ["2"]);
    assert_eq!(paths(&plan.alternative_fallback), ["1"]);
}

#[test]
fn enormous_html_gives_way_to_plain_text() {
    let huge = Part { size: 20 * 1024 * 1024, ..leaf("2", "text/html") };
    let plan = text_plan(&multipart("", "alternative", vec![leaf("1", "text/plain"), huge]));
    assert_eq!(paths(&plan.parts), ["1"]);
}

#[test]
fn html_of_a_related_inside_an_alternative_is_found() {
    let related = multipart("2", "related", vec![leaf("2.1", "text/html"), leaf("2.2", "image/png")]);
    let plan = text_plan(&multipart("", "alternative", vec![leaf("1", "text/plain"), related]));
    assert_eq!(paths(&plan.parts), ["2.1"]);
}

#[test]
fn files_and_nested_messages_are_never_fetched_for_text() {
    let mut file = leaf("2", "text/plain");
    file.disposition = Some("attachment".to_owned());
    let mut nested = leaf("3", "message/rfc822");
    nested.children = vec![leaf("3.1", "text/plain")];
    let plan = text_plan(&multipart(
        "",
        "mixed",
        vec![leaf("1", "text/plain"), file, nested, leaf("4", "text/html")],
    ));
    assert_eq!(paths(&plan.parts), ["1", "4"]);
}

#[test]
fn a_report_shows_its_words_and_its_status() {
    let parts =
        vec![leaf("1", "text/plain"), leaf("2", "message/delivery-status"), leaf("3", "message/rfc822")];
    assert_eq!(paths(&text_plan(&multipart("", "report", parts)).parts), ["1", "2"]);
}

#[test]
fn signed_mail_shows_what_is_signed() {
    let parts = vec![leaf("1", "text/plain"), leaf("2", "application/pgp-signature")];
    assert_eq!(paths(&text_plan(&multipart("", "signed", parts)).parts), ["1"]);
    let parts = vec![leaf("1", "application/pgp-encrypted"), leaf("2", "application/octet-stream")];
    assert!(text_plan(&multipart("", "encrypted", parts)).parts.is_empty());
}

#[test]
fn nesting_without_end_is_cut() {
    let mut part = leaf("1", "text/plain");
    for _ in 0..200 {
        part = multipart("", "mixed", vec![part]);
    }
    assert!(text_plan(&part).parts.is_empty());
}
