//! Talking to a server one flight at a time, before the connection task takes over: greeting,
//! STARTTLS, sign-in, ENABLE, COMPRESS. Everything here runs under the caller's deadline.

use std::collections::VecDeque;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zeroize::Zeroizing;

use super::{
    request::{Reply, Request},
    response::{Response, Status, StatusKind, Untagged},
    transport::Transport,
    wire::{Dialect, Event, Framer, Limits, Literals, Segment},
};
use crate::Error;

/// How many responses may come before sign-in is done.
const MAX_RESPONSES: usize = 1_000;

/// How many octets may come before sign-in is done.
const MAX_OCTETS: usize = 1 << 20;

const TOO_LARGE: Error = Error::TooLarge("a response of the server");

/// An unauthenticated or just authenticated stream with its framer.
pub(super) struct Dialogue {
    pub(super) transport: Transport,
    pub(super) framer: Framer,
    dialect: Dialect,
    next_tag: u32,
    responses: usize,
    octets: usize,
}

impl Dialogue {
    pub(super) fn new(transport: Transport) -> Self {
        let framer = Framer::new(Limits::default());
        Self { transport, framer, dialect: Dialect::default(), next_tag: 1, responses: 0, octets: 0 }
    }

    /// Takes up which literals the server takes.
    pub(super) fn speak(&mut self, literals: Literals) {
        self.dialect.literals = literals;
    }

    /// The next response, whatever it is.
    pub(super) async fn response(&mut self) -> Result<Response, Error> {
        self.responses += 1;
        loop {
            if self.responses > MAX_RESPONSES || self.octets > MAX_OCTETS {
                return Err(Error::Protocol("the server sent too much before sign-in"));
            }
            while let Some(event) = self.framer.pop().map_err(|_| TOO_LARGE)? {
                if let Event::Response(response) = event {
                    return Ok(response);
                }
            }
            match self.transport.read_buf(self.framer.buffer_mut()).await? {
                0 => return Err(Error::Closed),
                count => self.octets += count,
            }
        }
    }

    /// Whether bytes are waiting that nobody asked for: after STARTTLS a sign of response injection.
    pub(super) fn has_unread(&self) -> bool {
        !self.framer.is_between_responses()
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.transport.write_all(bytes).await?;
        Ok(self.transport.flush().await?)
    }

    /// Sends an answer to a `+`, with its line end.
    pub(super) async fn write_line(&mut self, line: &[u8]) -> Result<(), Error> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(line.len() + 2));
        bytes.extend_from_slice(line);
        bytes.extend_from_slice(b"\r\n");
        self.write(&bytes).await
    }

    /// Sends the commands in one flight and gives their replies in the order of the commands.
    pub(super) async fn run(&mut self, requests: Vec<Request>) -> Result<Vec<Result<Reply, Error>>, Error> {
        let mut pending = VecDeque::new();
        let mut flight = BytesMut::new();
        for request in requests {
            let tag = self.tag();
            for Segment { bytes, wait_for_continue, .. } in request.command.encode(&tag, self.dialect)? {
                flight.extend_from_slice(&bytes);
                if wait_for_continue {
                    self.write(&flight.split()).await?;
                    if let Some(status) = self.go_ahead(&tag).await? {
                        return Ok(vec![Reply::check(request.command.name(), status, Vec::new())]);
                    }
                }
            }
            pending.push_back((tag, request, Vec::new(), None));
        }
        self.write(&flight).await?;
        while pending.iter().any(|(.., status)| status.is_none()) {
            match self.response().await? {
                Response::Tagged { tag, status } => {
                    if let Some(entry) = pending.iter_mut().find(|(of, ..)| *of == tag) {
                        entry.3 = Some(status);
                    }
                }
                Response::Untagged(Untagged::Status(Status { kind: StatusKind::Bye, text, .. })) => {
                    return Err(Error::Bye(text));
                }
                Response::Untagged(data) => {
                    let taker = pending
                        .iter_mut()
                        .find(|(tag, request, _, status)| status.is_none() && request.wants.take(&data, tag));
                    if let Some((_, _, gathered, _)) = taker {
                        gathered.push(data);
                    }
                }
                Response::Continue(_) => return Err(Error::Protocol("an unexpected go-ahead")),
            }
        }
        let check = |(_, request, data, status): (String, Request, Vec<Untagged>, Option<Status>)| {
            status.map(|status| Reply::check(request.command.name(), status, data))
        };
        Ok(pending.into_iter().filter_map(check).collect())
    }

    /// Waits until the server takes a literal; the completion if it refuses it.
    async fn go_ahead(&mut self, tag: &str) -> Result<Option<Status>, Error> {
        loop {
            match self.response().await? {
                Response::Continue(_) => return Ok(None),
                Response::Tagged { tag: of, status } if of == tag => return Ok(Some(status)),
                Response::Untagged(Untagged::Status(Status { kind: StatusKind::Bye, text, .. })) => {
                    return Err(Error::Bye(text));
                }
                Response::Untagged(_) => {}
                Response::Tagged { .. } => return Err(Error::Protocol("no go-ahead for a literal")),
            }
        }
    }

    /// Sends one command and insists on OK.
    pub(super) async fn run_one(&mut self, request: Request) -> Result<Reply, Error> {
        self.run(vec![request]).await?.pop().unwrap_or(Err(Error::Protocol("no completion")))
    }

    /// Sends `line` as a command and gives its tag; the caller reads what follows.
    pub(super) async fn begin(&mut self, line: &[u8]) -> Result<String, Error> {
        let tag = self.tag();
        let mut bytes = Zeroizing::new(Vec::with_capacity(tag.len() + line.len() + 3));
        for piece in [tag.as_bytes(), b" ", line, b"\r\n"] {
            bytes.extend_from_slice(piece);
        }
        self.write(&bytes).await?;
        Ok(tag)
    }

    fn tag(&mut self) -> String {
        let tag = format!("S{}", self.next_tag);
        self.next_tag += 1;
        tag
    }
}
