//! What a message brings along: its HTML form, for a frame of the message's page, and its files. Neither is a page
//! of ours: nothing in them runs, loads or reaches a page.

use askama::Template;
use axum::{
    body::Body,
    extract::{Path, State},
    http::{
        HeaderValue,
        header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_FRAME_OPTIONS},
    },
    response::{IntoResponse as _, Response},
};
use domain::ApprovalId;
use engine::approval::PageHtml;

use crate::frame::{Answer, Error, Person, Site, encode};

/// What the HTML of a message may do: be seen, by a page of ours.
const BODY_POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
    form-action 'none'; base-uri 'none'; frame-ancestors 'self'";
/// What a file may do, should a browser show it after all.
const FILE_POLICY: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";

/// The types that are told; all others are octets, so that nothing opens them by what they claim to be.
const HARMLESS: [&str; 7] =
    ["application/pdf", "image/gif", "image/jpeg", "image/png", "image/webp", "text/calendar", "text/plain"];

#[derive(Template)]
#[template(path = "approvals/body.html")]
struct BodyPage {
    shown: PageHtml,
}

pub(super) async fn body(State(site): State<Site>, person: Person, Path(id): Path<String>) -> Answer {
    let message = site.access.approval_of(&person.signed_in, &ApprovalId::from_text(id)).await?;
    let shown = site.engine.letter_html(&message).await?.ok_or(Error::NotFound)?;
    let mut response = crate::frame::show(&BodyPage { shown })?;
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(BODY_POLICY));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    Ok(response)
}

pub(super) async fn file(
    State(site): State<Site>,
    person: Person,
    Path((id, number)): Path<(String, String)>,
) -> Answer {
    let number: usize = number.parse().map_err(|_| Error::NotFound)?;
    let message = site.access.approval_of(&person.signed_in, &ApprovalId::from_text(id)).await?;
    let file = site.engine.letter_file(&message, number).await?.ok_or(Error::NotFound)?;
    let kind = HARMLESS.into_iter().find(|kind| file.media_type.eq_ignore_ascii_case(kind));
    Ok(download(&file.name, kind.unwrap_or("application/octet-stream"), Body::from(file.octets)))
}

fn download(name: &str, kind: &'static str, body: Body) -> Response {
    let disposition = HeaderValue::from_str(&disposition(name))
        .unwrap_or(HeaderValue::from_static("attachment; filename=\"file\""));
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CONTENT_DISPOSITION, disposition),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(FILE_POLICY)),
    ];
    (headers, body).into_response()
}

/// As a file to keep, under its name (RFC 6266).
fn disposition(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ') { c } else { '_' })
        .collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", encode(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_and_its_name_ends_no_header() {
        assert_eq!(
            disposition("Pl\u{e4}ne \"x\";\r\n.pdf"),
            "attachment; filename=\"Pl_ne _x____.pdf\"; filename*=UTF-8''Pl%C3%A4ne%20%22x%22%3B%0D%0A.pdf"
        );
    }

    #[test]
    fn what_could_run_is_told_as_octets() {
        for kind in
            ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/javascript"]
        {
            assert!(!HARMLESS.contains(&kind));
        }
    }
}
