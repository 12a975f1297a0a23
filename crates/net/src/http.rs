//! Reading one small document over https: HTTP/1.1, one GET, or one POST of a form, one connection, then it is
//! closed.
//!
//! It follows no redirect, keeps no cookie, sends nothing secret but such a form, and takes neither compressed
//! bodies nor more octets than it was told to. What the answer means is the caller's.

use std::time::Duration;

use domain::Secret;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    time::timeout,
};
use url::Url;

use crate::{Error, Origin, Outgoing};

/// Octets of status line and fields.
const MAX_HEAD: usize = 16 << 10;
/// Fields of an answer.
const MAX_FIELDS: usize = 100;
/// Interim answers (1xx) before the one that counts.
const MAX_INTERIM: usize = 4;
/// Octets of a chunk's size line.
const MAX_SIZE_LINE: usize = 256;

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The status: 200 and so on.
    pub status: u16,
    /// The Content-Type without its parameters, lower case; empty if there was none.
    pub content_type: String,
    /// The body; empty unless the status is 200.
    pub body: Vec<u8>,
}

/// What a document may cost.
#[derive(Debug, Clone, Copy)]
pub struct FetchBounds {
    /// Octets of the body.
    pub body: usize,
    /// From looking up the name to the last octet.
    pub time: Duration,
}

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerFault {
    /// The URL is not https, or has no host.
    NotHttps,
    /// Not HTTP/1.1, or fields that contradict each other.
    Malformed,
    /// It ended before its end.
    Cut,
    /// More than was asked for.
    TooLarge,
    /// Not complete in time.
    TooSlow,
}

impl std::fmt::Display for AnswerFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NotHttps => "cannot be asked for by https",
            Self::Malformed => "is not well-formed",
            Self::Cut => "ended too early",
            Self::TooLarge => "is too large",
            Self::TooSlow => "did not come in time",
        })
    }
}

impl Outgoing {
    /// Asks for `url`, which must be https, and reads the answer within `bounds`.
    ///
    /// # Errors
    /// As [`Outgoing::connect_tls`], and [`Error::Answer`].
    pub async fn fetch(&self, url: &Url, bounds: FetchBounds, origin: Origin) -> Result<Fetched, Error> {
        self.ask(url, |host| Secret::new(request(url, host)), bounds, origin).await
    }

    /// Posts `form`, fields in their encoding for URLs, to `url`, which must be https, and reads the answer within
    /// `bounds`. `authorization` is the value of that field, if who asks is to be proven by it.
    ///
    /// # Errors
    /// As [`Outgoing::fetch`].
    pub async fn post_form(
        &self,
        url: &Url,
        form: &Secret,
        authorization: Option<&Secret>,
        bounds: FetchBounds,
        origin: Origin,
    ) -> Result<Fetched, Error> {
        // a line break would begin another field
        let is_plain = |secret: &Secret| secret.expose().bytes().all(|octet| matches!(octet, b' '..=b'~'));
        if !is_plain(form) || !authorization.is_none_or(is_plain) {
            let host = url.host_str().unwrap_or_default().to_owned();
            return Err(Error::Answer { host, fault: AnswerFault::Malformed });
        }
        self.ask(url, |host| post_request(url, host, form, authorization), bounds, origin).await
    }

    async fn ask(
        &self,
        url: &Url,
        request: impl FnOnce(&str) -> Secret,
        bounds: FetchBounds,
        origin: Origin,
    ) -> Result<Fetched, Error> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let failed = |fault| Error::Answer { host: host.clone(), fault };
        let (Some(port), "https", false) = (url.port_or_known_default(), url.scheme(), host.is_empty())
        else {
            return Err(failed(AnswerFault::NotHttps));
        };
        let asked = async {
            let mut stream = self.connect_tls(&host, port, origin).await?;
            let broken = |source| Error::Unreachable { host: host.clone(), port, source };
            stream.write_all(request(&host).expose().as_bytes()).await.map_err(broken)?;
            stream.flush().await.map_err(broken)?;
            read(&mut stream, bounds.body).await.map_err(failed)
        };
        timeout(bounds.time, asked).await.map_err(|_| failed(AnswerFault::TooSlow))?
    }
}

/// The request for a document.
fn request(url: &Url, host: &str) -> String {
    format!("{}\r\n", head_of_request("GET", url, host))
}

fn post_request(url: &Url, host: &str, form: &Secret, authorization: Option<&Secret>) -> Secret {
    let authorization = authorization.map(|value| format!("Authorization: {}\r\n", value.expose()));
    let authorization = authorization.unwrap_or_default();
    let (head, form) = (head_of_request("POST", url, host), form.expose());
    let kind = "Content-Type: application/x-www-form-urlencoded";
    Secret::new(format!("{head}{authorization}{kind}\r\nContent-Length: {}\r\n\r\n{form}", form.len()))
}

/// The first line and the fields that every request has; a `Url` holds neither blanks nor line breaks.
fn head_of_request(method: &str, url: &Url, host: &str) -> String {
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!(
        "{method} {}{query} HTTP/1.1\r\nHost: {host}{port}\r\nAccept: application/json\r\n\
         Accept-Encoding: identity\r\nUser-Agent: Postroom\r\nConnection: close\r\n",
        url.path()
    )
}

/// How the end of a body is known (RFC 9112, 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
    Close,
}

struct Head {
    status: u16,
    content_type: String,
    framing: Framing,
    /// Octets of it.
    length: usize,
}

async fn read<S: AsyncRead + Unpin>(stream: &mut S, max_body: usize) -> Result<Fetched, AnswerFault> {
    let mut input = Input { stream, read: Vec::new() };
    for _ in 0..=MAX_INTERIM {
        let head = input.head().await?;
        input.skip(head.length);
        if (100..200).contains(&head.status) {
            continue;
        }
        let body = if head.status == 200 { input.body(head.framing, max_body).await? } else { Vec::new() };
        return Ok(Fetched { status: head.status, content_type: head.content_type, body });
    }
    Err(AnswerFault::Malformed)
}

/// What was read and not yet used.
struct Input<'a, S> {
    stream: &'a mut S,
    read: Vec<u8>,
}

impl<S: AsyncRead + Unpin> Input<'_, S> {
    /// Reads some more; false at the end.
    async fn more(&mut self) -> Result<bool, AnswerFault> {
        let mut some = [0; 4096];
        // an end without TLS's own word for it is an error here: somebody may have cut it there
        let count = self.stream.read(&mut some).await.map_err(|_| AnswerFault::Cut)?;
        self.read.extend_from_slice(some.get(..count).unwrap_or_default());
        Ok(count > 0)
    }

    async fn need(&mut self) -> Result<(), AnswerFault> {
        if self.more().await? { Ok(()) } else { Err(AnswerFault::Cut) }
    }

    fn skip(&mut self, count: usize) {
        self.read.drain(..count.min(self.read.len()));
    }

    async fn head(&mut self) -> Result<Head, AnswerFault> {
        loop {
            if let Some(head) = parse(self.read.get(..MAX_HEAD.min(self.read.len())).unwrap_or_default())? {
                return Ok(head);
            }
            // looked at again once a line has ended, so that a head of single octets costs little
            loop {
                let before = self.read.len();
                if before >= MAX_HEAD {
                    return Err(AnswerFault::TooLarge);
                }
                self.need().await?;
                if self.read.iter().skip(before).any(|byte| *byte == b'\n') {
                    break;
                }
            }
        }
    }

    async fn body(&mut self, framing: Framing, max: usize) -> Result<Vec<u8>, AnswerFault> {
        match framing {
            Framing::Length(length) if length > max => Err(AnswerFault::TooLarge),
            Framing::Length(length) => self.take(length).await,
            Framing::Chunked => self.chunks(max).await,
            Framing::Close => {
                while self.read.len() <= max && self.more().await? {}
                if self.read.len() > max {
                    return Err(AnswerFault::TooLarge);
                }
                Ok(std::mem::take(&mut self.read))
            }
        }
    }

    /// Exactly so many octets.
    async fn take(&mut self, count: usize) -> Result<Vec<u8>, AnswerFault> {
        while self.read.len() < count {
            self.need().await?;
        }
        Ok(self.read.drain(..count).collect())
    }

    async fn chunks(&mut self, max: usize) -> Result<Vec<u8>, AnswerFault> {
        let mut body = Vec::new();
        loop {
            let size = self.chunk_size().await?;
            // trailers say nothing that is asked for, and the connection is not used again
            if size == 0 {
                return Ok(body);
            }
            let room = max - body.len();
            let size =
                usize::try_from(size).ok().filter(|size| *size <= room).ok_or(AnswerFault::TooLarge)?;
            body.append(&mut self.take(size).await?);
            if self.take(2).await? != b"\r\n" {
                return Err(AnswerFault::Malformed);
            }
        }
    }

    async fn chunk_size(&mut self) -> Result<u64, AnswerFault> {
        loop {
            match httparse::parse_chunk_size(&self.read) {
                Ok(httparse::Status::Complete((length, size))) => {
                    self.skip(length);
                    return Ok(size);
                }
                Ok(httparse::Status::Partial) if self.read.len() <= MAX_SIZE_LINE => self.need().await?,
                Ok(httparse::Status::Partial) | Err(_) => return Err(AnswerFault::Malformed),
            }
        }
    }
}

/// The head of an answer, once it is there as a whole.
fn parse(read: &[u8]) -> Result<Option<Head>, AnswerFault> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut answer = httparse::Response::new(&mut fields);
    let length = match answer.parse(read) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(AnswerFault::TooLarge),
        Err(_) => return Err(AnswerFault::Malformed),
    };
    let values = |name: &'static str| {
        let named = answer.headers.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
        named.map(|field| std::str::from_utf8(field.value).map_or("?", str::trim))
    };
    let content_type = values("content-type").next().unwrap_or_default();
    let content_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if values("content-encoding").any(|coding| !coding.eq_ignore_ascii_case("identity")) {
        return Err(AnswerFault::Malformed);
    }
    let mut codings = values("transfer-encoding");
    let mut lengths = values("content-length");
    let framing = match (codings.next(), codings.next(), lengths.next(), lengths.next()) {
        (None, _, None, _) => Framing::Close,
        (None, _, Some(length), None) => {
            let is_number = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
            let length = length.parse().ok().filter(|_| is_number);
            Framing::Length(length.ok_or(AnswerFault::Malformed)?)
        }
        (Some(coding), None, None, _) if coding.eq_ignore_ascii_case("chunked") => Framing::Chunked,
        // both, or several: the sender and whoever stands between may not mean the same end
        _ => return Err(AnswerFault::Malformed),
    };
    let status = answer.code.ok_or(AnswerFault::Malformed)?;
    Ok(Some(Head { status, content_type, framing, length }))
}

#[cfg(test)]
mod tests;
