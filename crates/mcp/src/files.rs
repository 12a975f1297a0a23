//! Attachments as files: `GET /files/{token}` for whoever was given a link, `POST /files` for what is to be
//! attached, and a directory for a local process. What a link opens is asked of the gate, the octets of [`Mail`]; nothing is kept here.

mod directory;
mod name;
mod range;
mod receiving;
mod sending;

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    body::Body,
    extract::{Path, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{
            ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
            CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::{from_fn_with_state, map_response},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use domain::{Code, Problem, RequestId, Secret, Timestamp};
use engine::attachment::Download;
use tokio::time::sleep;

pub(crate) use directory::Attachable;
pub use directory::{Directory, InvalidDirectory};
pub(crate) use receiving::Receiving;
pub(crate) use sending::Downloads;

use self::{
    range::Wanted,
    sending::{Sending, Watch},
};
use crate::{
    authenticate::{self, Asking},
    gate::{CallRecord, Gate, LinkRefusal},
    mail::Mail,
    settings::Settings,
    tool::Call,
};

/// What a download is called in the audit trail.
const TOOL: &str = "files";

/// Types that are passed on: a browser that ignores all our headers runs none of them as a page of ours.
const PASSED_ON: [&str; 27] = [
    "application/gzip",
    "application/json",
    "application/msword",
    "application/pdf",
    "application/rtf",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/zip",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "image/gif",
    "image/heic",
    "image/jpeg",
    "image/png",
    "image/webp",
    "text/calendar",
    "text/csv",
    "text/plain",
    "video/mp4",
];

/// What the route needs.
pub(crate) struct Files {
    /// What links open, and for whom.
    pub(crate) gate: Arc<dyn Gate>,
    /// Where the octets come from.
    pub(crate) mail: Arc<dyn Mail>,
    /// Those that are running.
    pub(crate) downloads: Downloads,
    /// How long the mail server may take to find a file.
    pub(crate) deadline: Duration,
    /// How long a download may stand still.
    pub(crate) idle: Duration,
    /// How long a download may take in all.
    pub(crate) longest: Duration,
    /// How often the grant of one is looked at.
    pub(crate) every: Duration,
}

/// The routes: out, for anybody who has a link, and in, for whoever has a bearer.
pub(crate) fn routes(files: Files, receiving: Receiving, asking: Asking) -> Router {
    let out = Router::new().route("/files/{token}", get(fetch)).with_state(Arc::new(files));
    let receive = post(receiving::receive).route_layer(from_fn_with_state(asking, authenticate::check));
    let within = Router::new().route("/files", receive).with_state(Arc::new(receiving));
    out.merge(within).layer(map_response(harden))
}

/// Whatever a client makes of it, it is a file of nobody's page.
async fn harden(mut response: Response) -> Response {
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'; frame-ancestors 'none'"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "private, no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn fetch(
    State(files): State<Arc<Files>>,
    request: Option<Extension<RequestId>>,
    Path(token): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let part = match files.gate.open_link(&token).await {
        Ok(part) => part,
        Err(refusal) => return closed(refusal),
    };
    let watch = Watch { gate: Arc::clone(&files.gate), principal: part.principal, every: files.every };
    let asked = Asked { watch: &watch, message: &part.message, index: part.index };
    match files.answer(&asked, &method, &headers).await {
        Ok(response) => response,
        Err(problem) => {
            record(&watch, &part.message, problem.code.as_str(), None).await;
            page(&problem, request.map(|Extension(id)| id).as_ref())
        }
    }
}

/// What a link opened.
struct Asked<'a> {
    watch: &'a Watch,
    message: &'a str,
    index: usize,
}

impl Files {
    async fn answer(
        &self,
        asked: &Asked<'_>,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Response, Problem> {
        self.gate.admit(&asked.watch.principal).await.map_err(|seconds| {
            Problem::new(Code::RateLimited, "Too many calls.").retry_after(seconds.max(1))
        })?;
        let place = self.downloads.enter(&asked.watch.principal.grant)?;
        let file = self.open(asked).await?;
        let mut response = Response::new(Body::empty());
        describe(response.headers_mut(), &file);
        let (first, length) = match range::wanted(method, headers, file.size) {
            Wanted::Whole => (0, file.size),
            Wanted::Part { first, last } => {
                let range = format!("bytes {first}-{last}/{}", file.size.unwrap_or_default());
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                insert(response.headers_mut(), CONTENT_RANGE, &range);
                (first, Some(last - first + 1))
            }
            Wanted::Nothing => {
                record(asked.watch, asked.message, "ok", None).await;
                let range = [(CONTENT_RANGE, format!("bytes */{}", file.size.unwrap_or_default()))];
                let told = "The file ends before that.\n";
                return Ok((StatusCode::RANGE_NOT_SATISFIABLE, range, told).into_response());
            }
        };
        if let Some(length) = length {
            response.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        if *method == Method::HEAD {
            record(asked.watch, asked.message, "ok", None).await;
            return Ok(response);
        }
        let (watch, message) = (asked.watch.clone(), asked.message.to_owned());
        let sending = Sending { watch, message, length, place, idle: self.idle, longest: self.longest };
        *response.body_mut() = sending.begin(file.body(first), &self.downloads);
        Ok(response)
    }

    async fn open(&self, asked: &Asked<'_>) -> Result<Download, Problem> {
        let Asked { watch, message, index } = asked;
        tokio::select! {
            file = self.mail.download(&watch.principal, message, *index) => file,
            () = watch.ended() => Err(Problem::new(Code::NotFound, "The grant has ended.")),
            () = sleep(self.deadline) => {
                Err(Problem::new(Code::Timeout, "The mail server did not answer in time."))
            }
        }
    }
}

fn describe(headers: &mut HeaderMap, file: &Download) {
    let sent = file.media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let passed_on = PASSED_ON.into_iter().find(|known| *known == sent);
    let kind = HeaderValue::from_static(passed_on.unwrap_or("application/octet-stream"));
    headers.insert(CONTENT_TYPE, kind);
    insert(headers, CONTENT_DISPOSITION, &name::disposition(&name::harmless(&file.name)));
    let ranges = if file.size.is_some() { "bytes" } else { "none" };
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static(ranges));
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

async fn record(watch: &Watch, message: &str, outcome: &'static str, octets: Option<u64>) {
    let targets = [message.chars().take(200).collect()];
    let record = CallRecord { tool: TOOL, targets: &targets, outcome, octets, undo: "" };
    watch.gate.record(&watch.principal, record).await;
}

const GONE: &str =
    "There is no such file, or its link is not valid any more. Ask your agent for a new one.\n";
const EXPIRED: &str =
    "This link has expired: links to files open for 15 minutes. Ask your agent for a new one.\n";
const UNREACHABLE: &str = "The file is on a mail server that cannot be reached just now. Try again later.\n";

/// What a person reads whose link opens nothing.
fn closed(refusal: LinkRefusal) -> Response {
    match refusal {
        LinkRefusal::Invalid => (StatusCode::NOT_FOUND, GONE).into_response(),
        LinkRefusal::Expired => (StatusCode::GONE, EXPIRED).into_response(),
        LinkRefusal::Unavailable => {
            let told = "Links cannot be checked just now. Try again.\n";
            (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5")], told).into_response()
        }
    }
}

/// What a person reads whose link leads to no file. It may be anybody, so nothing of the account is told.
fn page(problem: &Problem, request: Option<&RequestId>) -> Response {
    let (status, told) = match problem.code {
        Code::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "Too many files at once. Try again later.\n"),
        Code::Timeout => (StatusCode::GATEWAY_TIMEOUT, UNREACHABLE),
        Code::AccountAuthFailed | Code::AccountUnreachable | Code::TlsFailed | Code::ServerRefused => {
            (StatusCode::BAD_GATEWAY, UNREACHABLE)
        }
        Code::OutsideGrant => {
            (StatusCode::FORBIDDEN, "The limits that your agent was given do not let this file out.\n")
        }
        Code::NotSupported | Code::TooLarge => {
            (StatusCode::BAD_GATEWAY, "The file cannot be taken out of its message.\n")
        }
        Code::Internal => {
            let id = request.map_or("", |RequestId(id)| id.as_str());
            let told = format!("A fault in the server; its log has it under {id}.\n");
            return (StatusCode::INTERNAL_SERVER_ERROR, told).into_response();
        }
        _ => (StatusCode::NOT_FOUND, GONE),
    };
    let mut response = (status, told).into_response();
    if let Some(seconds) = problem.retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

/// Where an attachment goes that an agent asked for as a file.
#[derive(Debug, Clone)]
pub(crate) enum HandOver {
    /// Behind links that begin with this.
    Links(String),
    /// Into the directory of a local process.
    Directory(Arc<Directory>),
    /// Nowhere: a local process that was given no directory.
    Nowhere,
}

/// A file that was handed over, and how whoever asked gets at it.
#[derive(Debug)]
pub(crate) struct Handed {
    /// Its name.
    pub(crate) name: String,
    /// Its media type as the sender claims it.
    pub(crate) media_type: String,
    /// Its octets; estimated where the mail server does not count them.
    pub(crate) size: u64,
    /// Where it is.
    pub(crate) place: Place,
}

/// Where a file is.
#[derive(Debug)]
pub(crate) enum Place {
    /// At a URL, for anybody who has it, until then.
    Link(Secret, Timestamp),
    /// At a path on the machine of the local process. Its last part is what the sender called it.
    Path(String),
}

impl HandOver {
    /// Of a local process.
    pub(crate) fn local(settings: &Settings) -> Self {
        settings.files_directory.clone().map_or(Self::Nowhere, Self::Directory)
    }

    /// Opens a file of the person's machine, to attach it.
    pub(crate) async fn attach(&self, path: &str) -> Result<Attachable, Problem> {
        let (told, hint) = match self {
            Self::Directory(directory) => return directory.attach(path).await,
            Self::Links(_) => (
                "This server has no files of the person's machine.",
                "Upload the file with `POST /files` and give its `file`, or give its octets as `base64`.",
            ),
            Self::Nowhere => (
                "There is no directory to attach files from.",
                "Ask the person to set POSTROOM_FILES_DIR for `postroom stdio`, or give the octets as `base64`.",
            ),
        };
        Err(Problem::new(Code::NotSupported, told).hint(hint))
    }

    /// Hands over one attachment.
    pub(crate) async fn hand_over(
        &self,
        cx: &Call<'_>,
        message: &str,
        index: usize,
    ) -> Result<Handed, Problem> {
        // opened in either case, so that nobody is sent to a file that is not there or not for them
        let open = || cx.mail.download(cx.principal, message, index);
        match self {
            Self::Links(begin) => {
                let file = open().await?;
                let link = cx.gate.new_link(cx.principal, &file.id.to_string(), index)?;
                let url = Secret::new(format!("{begin}{}", link.token.expose()));
                let size = file.size.unwrap_or(file.listed_size);
                let place = Place::Link(url, link.expires);
                Ok(Handed { name: file.name, media_type: file.media_type, size, place })
            }
            Self::Directory(directory) => {
                let file = open().await?;
                let (name, media_type) = (file.name.clone(), file.media_type.clone());
                let (path, size) = directory.write(file, cx.deadline).await?;
                Ok(Handed { name, media_type, size, place: Place::Path(path) })
            }
            Self::Nowhere => {
                let told = "There is no directory to write attachments to.";
                Err(Problem::new(Code::NotSupported, told).hint(
                    "Ask the person to set POSTROOM_FILES_DIR for `postroom stdio`, or ask for `as: text`, `image` \
                     or `base64`.",
                ))
            }
        }
    }
}
