//! A signed-in connection and the mailbox it has open. One caller at a time; the pool sees to that.

use bytes::Bytes;
use domain::Flag;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::{
    capability::Capabilities,
    command::select,
    connection::{Connection, Pending},
    literal::Failure,
    quirk::Quirks,
    request::{Reply, Request},
    response::{Namespaces, Untagged},
};
use crate::{Error, octets::Chunks};

/// A signed-in IMAP session.
pub struct Session {
    connection: Connection,
    capabilities: Capabilities,
    quirks: Quirks,
    namespaces: Namespaces,
    is_utf8: bool,
    selected: Option<Selected>,
    /// Whether changes are likely to follow what is read.
    expects_changes: bool,
    /// The highest UID that the server told of in the open mailbox since it was opened.
    newest: u32,
    last_used: Instant,
}

impl Selected {
    /// Whether the flag can be set so that it lasts. A server that does not say takes all (RFC 9051, 7.1).
    pub fn keeps(&self, flag: &Flag) -> bool {
        let Some(lasting) = &self.lasting_flags else { return true };
        let is_it = |known: &Flag| known.as_str().eq_ignore_ascii_case(flag.as_str());
        let is_new = matches!(flag, Flag::Keyword(_)) && lasting.iter().any(|known| known.as_str() == "\\*");
        is_new || lasting.iter().any(is_it)
    }
}

/// The mailbox that a session has open, as the server described it then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// The name as the server writes it.
    pub name: Bytes,
    /// UIDVALIDITY.
    pub validity: u32,
    /// UIDNEXT at the time of opening; absent if the server did not say.
    pub uid_next: Option<u32>,
    /// HIGHESTMODSEQ, where the server keeps one.
    pub highest_modseq: Option<u64>,
    /// Whether the server said that it keeps no MODSEQ in this mailbox. One that keeps some need not say so:
    /// Dovecot tells the highest only after somebody asked for one.
    pub is_without_modseq: bool,
    /// Whether nothing in it can be changed: opened by EXAMINE, or because the server allows no more.
    pub is_read_only: bool,
    /// The flags that can be set so that they last, `\*` for new keywords; absent if the server did not say.
    pub lasting_flags: Option<Vec<Flag>>,
}

impl Session {
    pub(super) fn new(
        connection: Connection,
        capabilities: Capabilities,
        quirks: Quirks,
        namespaces: Namespaces,
        is_utf8: bool,
    ) -> Self {
        Self {
            connection,
            capabilities,
            quirks,
            namespaces,
            is_utf8,
            selected: None,
            expects_changes: false,
            newest: 0,
            last_used: Instant::now(),
        }
    }

    /// Notes whether changes are likely to follow what is read.
    pub(super) fn expect_changes(&mut self, expects_changes: bool) {
        self.expects_changes = expects_changes;
    }

    /// What the server can do after sign-in.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// The server's known departures from the RFCs.
    pub fn quirks(&self) -> &Quirks {
        &self.quirks
    }

    /// The server's namespaces; empty if it has none to tell.
    pub fn namespaces(&self) -> &Namespaces {
        &self.namespaces
    }

    /// Whether UTF8=ACCEPT is on: names and strings may be UTF-8, and SEARCH takes no CHARSET (RFC 6855).
    pub fn is_utf8(&self) -> bool {
        self.is_utf8
    }

    /// Whether commands can still be sent.
    pub fn is_open(&self) -> bool {
        self.connection.is_open()
    }

    /// The mailbox that is open.
    pub fn selected(&self) -> Option<&Selected> {
        self.selected.as_ref()
    }

    /// How many messages the open mailbox has, as the server said last.
    pub fn exists(&self) -> u32 {
        self.connection.exists()
    }

    /// How many messages vanished from under the session; a change means that sequence numbers moved.
    pub fn expunged(&self) -> u32 {
        self.connection.expunged()
    }

    /// Whether a command is in flight, perhaps one that nobody waits for any more.
    pub fn is_busy(&self) -> bool {
        self.connection.is_busy()
    }

    /// When the session was last used.
    pub fn last_used(&self) -> Instant {
        self.last_used
    }

    /// Notes that the session was in use until now.
    pub(super) fn touch(&mut self) {
        self.last_used = Instant::now();
    }

    /// Sends commands in one flight; replies in their order.
    pub async fn run(&mut self, requests: Vec<Request>) -> Vec<Result<Reply, Error>> {
        self.last_used = Instant::now();
        let replies = join_all(self.connection.send(requests).into_iter().map(Pending::reply)).await;
        if self.selected.is_some() {
            self.newest = self.newest.max(newest(&replies));
        }
        replies
    }

    /// Whether the server told this connection of everything up to that UID of the open mailbox. What came
    /// later may be passed over in silence by commands that name it.
    pub(super) fn knows(&self, uid: u32) -> bool {
        let next = self.selected.as_ref().and_then(|selected| selected.uid_next).unwrap_or(0);
        uid < next || uid <= self.newest
    }

    /// Sends one command.
    pub async fn run_one(&mut self, request: Request) -> Result<Reply, Error> {
        self.run(vec![request]).await.pop().unwrap_or(Err(Error::Closed))
    }

    /// Sends one command whose streamed literal of `size` octets is read from `source`, once the server
    /// takes it.
    pub(super) async fn run_streamed(
        &mut self,
        request: Request,
        size: u64,
        source: &mut impl Chunks,
    ) -> Result<Reply, Failure> {
        self.last_used = Instant::now();
        let (tap, pending) = self.connection.send_streamed(request, size);
        tap.pour(source, pending.reply()).await
    }

    /// Opens the mailbox for changes (SELECT), unless it is open so already. Nothing that changes anything
    /// may go out before this answered: none if the mailbox has another UIDVALIDITY than `validity`.
    pub async fn select_for_change(
        &mut self,
        mailbox: &[u8],
        validity: u32,
    ) -> Result<Option<Selected>, Error> {
        let is_open = |open: &&Selected| open.name == mailbox && !open.is_read_only;
        let open = self.selected.as_ref().filter(is_open).cloned();
        let selected = match open {
            Some(selected) => selected,
            None => self.select(mailbox).await?,
        };
        if selected.validity != validity {
            return Ok(None);
        }
        if selected.is_read_only {
            return Err(Error::NotSupported("changes in a folder that it opens for reading only"));
        }
        Ok(Some(selected))
    }

    /// The same for what takes from the mailbox and leaves it as it is: one that is open for reading only
    /// will do.
    pub(super) async fn select_for_copy(
        &mut self,
        mailbox: &[u8],
        validity: u32,
    ) -> Result<Option<Selected>, Error> {
        let open = self.selected.as_ref().filter(|open| open.name == mailbox).cloned();
        let selected = match open {
            Some(selected) => selected,
            None => self.select(mailbox).await?,
        };
        Ok(Some(selected).filter(|selected| selected.validity == validity))
    }

    async fn select(&mut self, mailbox: &[u8]) -> Result<Selected, Error> {
        // Until the reply is in, nobody can say which mailbox is open.
        self.forget_selected();
        let reply = self.run_one(select::select(mailbox)).await?;
        let selected = select::read(Bytes::copy_from_slice(mailbox), &reply)?;
        self.selected = Some(selected.clone());
        Ok(selected)
    }

    /// Forgets which mailbox is open: it is opened anew before it is used again.
    pub(super) fn forget_selected(&mut self) {
        self.selected = None;
        self.newest = 0;
    }

    /// Opens the mailbox for reading, unless it is open already in either way, and runs commands that only
    /// read behind it in the same flight. The caller checks [`Selected::validity`] before it believes what
    /// came back.
    ///
    /// By EXAMINE; but by SELECT where changes are expected, which spares them a round trip. What reads sets
    /// nothing either way, since all of it is PEEK: only `\Recent` is lost.
    pub async fn examine(
        &mut self,
        mailbox: &[u8],
        reads: Vec<Request>,
    ) -> Result<(Selected, Vec<Result<Reply, Error>>), Error> {
        if let Some(selected) = self.selected.as_ref().filter(|selected| selected.name == mailbox).cloned() {
            let replies = self.run(reads).await;
            if replies.iter().any(|reply| matches!(reply, Err(Error::Refused { .. }))) {
                // Perhaps the server closed the mailbox: it is opened anew before it is used again.
                self.selected = None;
            }
            return Ok((selected, replies));
        }
        let mut flights = self.examine_each(vec![(Bytes::copy_from_slice(mailbox), reads)]).await;
        flights.pop().unwrap_or(Err(Error::Closed))
    }

    /// Opens several mailboxes one after the other and runs reads in each, all in one flight. The last one
    /// stays open, as [`Self::examine`] opens it.
    pub async fn examine_each(
        &mut self,
        flights: Vec<(Bytes, Vec<Request>)>,
    ) -> Vec<Result<(Selected, Vec<Result<Reply, Error>>), Error>> {
        // Until the replies are in, nobody can say which mailbox is open: a cancelled call leaves none.
        self.forget_selected();
        let mut requests = Vec::new();
        let mut shape = Vec::new();
        let last = flights.len().saturating_sub(1);
        for (index, (mailbox, reads)) in flights.into_iter().enumerate() {
            let is_for_changes = self.expects_changes && index == last;
            let open = if is_for_changes { select::select } else { select::examine };
            requests.push(open(&mailbox));
            shape.push((mailbox, reads.len(), is_for_changes));
            requests.extend(reads);
        }
        let mut replies = self.run(requests).await.into_iter();
        let mut out = Vec::with_capacity(shape.len());
        for (mailbox, count, is_for_changes) in shape {
            let opened = replies.next().unwrap_or(Err(Error::Closed));
            let reads: Vec<_> = replies.by_ref().take(count).collect();
            let selected = opened.and_then(|reply| select::read(mailbox, &reply));
            let selected = selected.map(|selected| Selected {
                is_read_only: selected.is_read_only || !is_for_changes,
                ..selected
            });
            self.selected = selected.as_ref().ok().cloned();
            self.newest = newest(&reads);
            out.push(selected.map(|selected| (selected, reads)));
        }
        out
    }
}

/// The highest UID in what the server said.
fn newest(replies: &[Result<Reply, Error>]) -> u32 {
    let data = replies.iter().flatten().flat_map(|reply| &reply.data);
    data.filter_map(|data| match data {
        Untagged::Fetch(fetch) => fetch.uid,
        _ => None,
    })
    .max()
    .unwrap_or(0)
}
