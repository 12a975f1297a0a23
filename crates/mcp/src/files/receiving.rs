//! `POST /files`: a file that an agent hands over, to attach it afterwards. The body is the file; it goes on
//! to the engine as it comes and is never whole in memory.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Extension, Json,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse as _, Response},
};
use domain::{Code, Principal, Problem, RequestId, Scope};
use engine::outgoing::NewUpload;
use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use super::{name::harmless, sending::Downloads};
use crate::{
    authenticate::insufficient_scope,
    error::message_of,
    gate::{CallRecord, Gate},
    mail::Mail,
    view::date,
};

/// What an upload is called in the audit trail.
const TOOL: &str = "upload";

/// Characters of a name or a type that are looked at.
const LONGEST: usize = 1_000;

/// What the route needs.
pub(crate) struct Receiving {
    /// How often grants may call, and what they did.
    pub(crate) gate: Arc<dyn Gate>,
    /// Where files go.
    pub(crate) mail: Arc<dyn Mail>,
    /// Those that are coming in.
    pub(crate) uploads: Downloads,
    /// Octets of one file.
    pub(crate) most: u64,
    /// How long a file may stand still.
    pub(crate) idle: Duration,
    /// How long one may take in all.
    pub(crate) longest: Duration,
    /// Where the metadata is, for whoever lacks a scope.
    pub(crate) metadata: String,
}

/// Why the octets of a file ended before the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    TooLong,
    Stalled,
    Broken,
}

pub(super) async fn receive(
    State(receiving): State<Arc<Receiving>>,
    id: Option<Extension<RequestId>>,
    request: Request,
) -> Response {
    let Some(principal) = request.extensions().get::<Arc<Principal>>().cloned() else {
        tracing::error!("an upload passed authentication without a principal");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if !principal.may(Scope::Draft) && !principal.may(Scope::Send) {
        return insufficient_scope(&receiving.metadata, [Scope::Draft].into_iter().collect());
    }
    let (outcome, target, response) = match receiving.take(&principal, request).await {
        Ok((target, response)) => ("ok", Some(target), response),
        Err(Refused::Sent(code, status, told)) => (code.as_str(), None, (status, told).into_response()),
        Err(Refused::Problem(problem)) => {
            let told = page(&problem, id.as_ref().map(|Extension(id)| id));
            (problem.code.as_str(), None, told)
        }
    };
    let targets: Vec<String> = target.into_iter().collect();
    let record = CallRecord { tool: TOOL, targets: &targets, outcome, octets: None, undo: "" };
    receiving.gate.record(&principal, record).await;
    response
}

/// Why a file was not taken.
enum Refused {
    /// By what was sent, told in our own words.
    Sent(Code, StatusCode, String),
    /// By who sent it, or where it goes.
    Problem(Problem),
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl Receiving {
    async fn take(&self, principal: &Principal, request: Request) -> Result<(String, Response), Refused> {
        self.gate.admit(principal).await.map_err(|seconds| {
            Problem::new(Code::RateLimited, "Too many calls.").retry_after(seconds.max(1))
        })?;
        let _place = self.uploads.enter(&principal.grant)?;
        let (parts, body) = request.into_parts();
        if let Some(told) = unreadable(&parts.headers) {
            return Err(Refused::Sent(Code::InvalidInput, StatusCode::UNSUPPORTED_MEDIA_TYPE, told));
        }
        if length(&parts.headers).is_some_and(|length| length > self.most) {
            return Err(self.cut(Cut::TooLong));
        }
        let name = harmless(&name_of(parts.uri.query(), &parts.headers));
        let media_type = type_of(&parts.headers);
        let cut = Arc::new(Mutex::new(None));
        let octets = self.octets(body, Arc::clone(&cut));
        let file = NewUpload { name: name.clone(), media_type: media_type.clone(), most: self.most };
        let upload = match self.mail.upload(principal, file, octets).await {
            Ok(upload) => upload,
            Err(problem) => {
                // what the engine makes of octets that end early is not what whoever sends them must know
                let why = *cut.lock().unwrap_or_else(PoisonError::into_inner);
                return Err(why.map_or_else(|| problem.into(), |why| self.cut(why)));
            }
        };
        let id = upload.id.to_string();
        let told = json!({
            "file": id,
            "name": name,
            "type": if media_type.is_empty() { "application/octet-stream" } else { &media_type },
            "size": upload.size,
            "expires": date(upload.expires),
        });
        Ok((id, (StatusCode::CREATED, Json(told)).into_response()))
    }

    /// The body as it comes. An end that is not the file's own is an error, and noted.
    fn octets(&self, body: Body, cut: Arc<Mutex<Option<Cut>>>) -> BoxStream<'static, io::Result<Bytes>> {
        let (most, idle, last) = (self.most, self.idle, Instant::now() + self.longest);
        let begun = Some((body.into_data_stream(), 0_u64));
        let pieces = stream::unfold(begun, move |state| {
            let cut = Arc::clone(&cut);
            async move {
                let (mut body, mut size) = state?;
                let piece = match timeout_at((Instant::now() + idle).min(last), body.next()).await {
                    Ok(None) => return None,
                    Ok(Some(Ok(piece))) => {
                        size = size.saturating_add(piece.len() as u64);
                        if size <= most { Ok(piece) } else { Err(Cut::TooLong) }
                    }
                    Ok(Some(Err(_))) => Err(Cut::Broken),
                    Err(_) => Err(Cut::Stalled),
                };
                let state = piece.is_ok().then_some((body, size));
                let piece = piece.map_err(|why| {
                    *cut.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
                    io::Error::from(match why {
                        Cut::TooLong => io::ErrorKind::FileTooLarge,
                        Cut::Stalled => io::ErrorKind::TimedOut,
                        Cut::Broken => io::ErrorKind::UnexpectedEof,
                    })
                });
                Some((piece, state))
            }
        });
        pieces.filter(|piece| std::future::ready(!piece.as_ref().is_ok_and(Bytes::is_empty))).boxed()
    }

    fn cut(&self, why: Cut) -> Refused {
        let (code, status, told) = match why {
            Cut::TooLong => {
                let told = format!("A file may have {} octets.\n", self.most);
                (Code::TooLarge, StatusCode::PAYLOAD_TOO_LARGE, told)
            }
            Cut::Stalled => {
                (Code::Timeout, StatusCode::REQUEST_TIMEOUT, "The file did not come in time.\n".into())
            }
            Cut::Broken => {
                (Code::InvalidInput, StatusCode::BAD_REQUEST, "The file did not come whole.\n".into())
            }
        };
        Refused::Sent(code, status, told)
    }
}

/// What whoever sent the file is told.
fn page(problem: &Problem, id: Option<&RequestId>) -> Response {
    let status = match problem.code {
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::InvalidInput => StatusCode::BAD_REQUEST,
        Code::NotSupported => StatusCode::NOT_IMPLEMENTED,
        Code::Timeout => StatusCode::GATEWAY_TIMEOUT,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::FORBIDDEN,
    };
    let mut told = format!("{} [{}]\n", message_of(problem, id), problem.code);
    if !problem.hint.is_empty() {
        told = format!("{told}{}\n", problem.hint);
    }
    let mut response = (status, told).into_response();
    if let Some(seconds) = problem.retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

/// Why the body cannot be a file, if it cannot.
fn unreadable(headers: &HeaderMap) -> Option<String> {
    if headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Some("Send the file as it is, without Content-Encoding.\n".to_owned());
    }
    let is_form = kind(headers).starts_with("multipart/");
    is_form.then(|| "Send the file itself as the body, with its name as `?name=`; not a form.\n".to_owned())
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// What is sent as its type, without parameters.
fn kind(headers: &HeaderMap) -> String {
    let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The file's media type; nothing where a client only says what it says of every body.
fn type_of(headers: &HeaderMap) -> String {
    let kind = kind(headers);
    let is_token = |part: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
        !part.is_empty() && part.len() <= 100 && part.bytes().all(is_plain)
    };
    let is_type = kind.split_once('/').is_some_and(|(one, other)| is_token(one) && is_token(other));
    let says_nothing =
        ["application/x-www-form-urlencoded", "application/octet-stream"].contains(&kind.as_str());
    if is_type && !says_nothing { kind } else { String::new() }
}

/// The file's name: `?name=`, else of `Content-Disposition`.
fn name_of(query: Option<&str>, headers: &HeaderMap) -> String {
    let query = query.filter(|query| query.len() <= LONGEST * 9).unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let named = pairs.find(|(name, _)| name == "name").map(|(_, value)| value.into_owned());
    let named = named.or_else(|| headers.get(CONTENT_DISPOSITION).and_then(disposed));
    named.unwrap_or_default().chars().take(LONGEST).collect()
}

/// The file name of a `Content-Disposition` (RFC 6266, 4.3); the encoded form goes before the plain one.
fn disposed(header: &HeaderValue) -> Option<String> {
    let text = std::str::from_utf8(header.as_bytes()).ok()?;
    let parameter = |name: &str| {
        text.split(';').skip(1).find_map(|part| {
            let (key, value) = part.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let encoded = parameter("filename*").and_then(|value| {
        let octets = value.get(7..).filter(|_| value.to_ascii_lowercase().starts_with("utf-8''"))?;
        // `+` stands for itself here, unlike in a query
        let octets = octets.replace('+', "%2B");
        url::form_urlencoded::parse(octets.as_bytes()).next().map(|(name, _)| name.into_owned())
    });
    encoded.or_else(|| parameter("filename").map(|value| value.trim_matches('"').replace('\\', "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(axum::http::HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_file_has_the_name_of_its_query_or_of_its_disposition() {
        let plain = headers(&[(CONTENT_DISPOSITION, "attachment; filename=\"plan b.pdf\"")]);
        let both =
            headers(&[(CONTENT_DISPOSITION, "attachment; filename=x.pdf; filename*=UTF-8''M%C3%A4rz+1.pdf")]);
        assert_eq!(name_of(None, &plain), "plan b.pdf");
        assert_eq!(name_of(None, &both), "März+1.pdf");
        assert_eq!(name_of(Some("a=1&name=M%C3%A4rz%20%2F.pdf"), &plain), "März /.pdf");
        assert_eq!(name_of(None, &HeaderMap::new()), "");
    }

    #[test]
    fn a_type_that_says_nothing_is_none() {
        for (sent, read) in [
            ("application/pdf", "application/pdf"),
            ("Text/Plain; charset=utf-8", "text/plain"),
            ("application/x-www-form-urlencoded", ""),
            ("application/octet-stream", ""),
            ("nonsense", ""),
            ("a/b\tc", ""),
        ] {
            assert_eq!(type_of(&headers(&[(CONTENT_TYPE, sent)])), read, "{sent}");
        }
    }
}
