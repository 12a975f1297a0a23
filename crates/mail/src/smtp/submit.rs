//! One message over a signed-in connection: envelope, octets, end (RFC 5321 sections 3.3 and 4.1.1).
//!
//! Everything turns on one moment: the end of the data, `CRLF.CRLF`. Before it nothing is taken; after it
//! only the server's reply tells. So all octets but these are handed over first, then `before_end` is
//! awaited, then they go.

use std::{future::Future, io};

use super::{
    NotSubmitted, RecipientReply, SignedIn, Submitted,
    dialogue::{check, interruption, mail_line, recipient_line, verdict},
    reply::Connection,
    stuffing::Stuffing,
};
use crate::{Error, octets::Chunks};

/// The most recipients that are said before the replies to them are read: what a server answers to them
/// fits into the buffers in between, so that neither side waits for the other (RFC 2920 section 3.1).
const MAX_FLIGHT: usize = 50;

/// Octets are taken from the source in slices of this size, …
const SLICE: usize = 16 * 1024;

/// … and handed over when there are that many: blocks are never beyond 64 KiB.
const BLOCK: usize = 31 * 1024;

/// What goes around a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The sender's address as it goes over the wire; empty for none.
    pub from: String,
    /// The recipients' addresses as they go over the wire.
    pub recipients: Vec<String>,
    /// How many octets the source gives, exactly: a source that gives more or fewer is not believed.
    pub size: u64,
    /// Whether there are octets above 127.
    pub is_8bit: bool,
    /// Whether an address is not ASCII (RFC 6531).
    pub needs_utf8: bool,
    /// Whether a failed delivery shall be told to the sender, where the server takes such wishes (RFC 3461).
    pub wants_dsn: bool,
}

/// Hands one message over.
///
/// `before_end` is awaited once, after all octets but the last of the data were handed over; if it fails,
/// nothing is taken. If this future is dropped before `before_end` is done nothing is taken either;
/// dropped later, nobody knows.
///
/// # Errors
/// [`NotSubmitted`] says which of them are safe to repeat.
pub async fn submit<F>(
    signed_in: &mut SignedIn,
    envelope: &Envelope,
    octets: &mut impl Chunks,
    before_end: F,
) -> Result<Submitted, NotSubmitted>
where
    F: Future<Output = io::Result<()>> + Send,
{
    let SignedIn { capabilities, connection } = signed_in;
    check(envelope, capabilities)?;
    if !connection.is_usable() {
        return Err(NotSubmitted::NotSent(Error::Closed));
    }
    // Until this is taken back, whoever finds the connection must not use it: this future may be dropped.
    connection.set_within(true);
    let mut transaction = Transaction { connection, envelope };
    let recipients = transaction.open(capabilities).await?;
    transaction.hand_over(recipients, octets, before_end).await
}

/// One message on its way.
struct Transaction<'a> {
    connection: &'a mut Connection,
    envelope: &'a Envelope,
}

impl Transaction<'_> {
    /// The envelope and DATA, up to the server's go-ahead.
    ///
    /// MAIL and RCPTs go in one flight where the server takes that, DATA never with them: if none of the
    /// recipients is accepted and DATA is, the RFC has an empty message sent (RFC 2920 section 3.1), and it is
    /// the server's care what becomes of it. One round trip is not worth that.
    async fn open(
        &mut self,
        capabilities: &super::Capabilities,
    ) -> Result<Vec<RecipientReply>, NotSubmitted> {
        let wants_dsn = self.envelope.wants_dsn && capabilities.has_dsn;
        let (flight, first) = if capabilities.has_pipelining { (MAX_FLIGHT, MAX_FLIGHT) } else { (1, 0) };
        let recipients = self.envelope.recipients.as_slice();
        let (with_mail, later) = recipients.split_at_checked(first).unwrap_or((recipients, &[]));

        let lines = with_mail.iter().map(|recipient| recipient_line(recipient, wants_dsn));
        let lines: String = std::iter::once(mail_line(self.envelope, capabilities)).chain(lines).collect();
        self.say(&lines, "MAIL").await?;
        let sender = verdict(&self.hear("MAIL").await?)?;
        if !sender.accepted {
            return Err(self.without_sender(sender, with_mail.len()).await);
        }
        let mut replies = Vec::with_capacity(recipients.len());
        for _ in with_mail {
            replies.push(verdict(&self.hear("RCPT").await?)?);
        }
        for some in later.chunks(flight) {
            let lines: String = some.iter().map(|recipient| recipient_line(recipient, wants_dsn)).collect();
            self.say(&lines, "RCPT").await?;
            for _ in some {
                replies.push(verdict(&self.hear("RCPT").await?)?);
            }
        }
        if !replies.iter().any(|reply| reply.accepted) {
            self.connection.set_within(false);
            return Err(NotSubmitted::AllRefused(replies));
        }

        self.say("DATA\r\n", "DATA").await?;
        let within = self.connection.patience().data;
        let reply = self.connection.hear(within, "DATA").await.map_err(NotSubmitted::NotSent)?;
        match reply.code {
            354 => Ok(replies),
            400..=599 if reply.code != 421 => {
                self.connection.set_within(false);
                Err(interruption(&reply))
            }
            421 => Err(interruption(&reply)),
            _ => Err(NotSubmitted::NotSent(Error::Protocol("an unexpected reply to DATA"))),
        }
    }

    /// What a refused sender means; `owed` replies are still to come, and none of them changes it: some
    /// servers hang up instead.
    async fn without_sender(&mut self, sender: RecipientReply, owed: usize) -> NotSubmitted {
        let mut heard = 0;
        while heard < owed && self.hear("RCPT").await.is_ok_and(|reply| verdict(&reply).is_ok()) {
            heard += 1;
        }
        self.connection.set_within(heard < owed);
        if sender.is_of_size() {
            NotSubmitted::MessageRefused(sender)
        } else {
            NotSubmitted::SenderRefused(sender)
        }
    }

    /// The data, its end, and what the server says to it.
    async fn hand_over<F>(
        &mut self,
        recipients: Vec<RecipientReply>,
        octets: &mut impl Chunks,
        before_end: F,
    ) -> Result<Submitted, NotSubmitted>
    where
        F: Future<Output = io::Result<()>> + Send,
    {
        let stuffing = self.pour(octets).await?;
        // A server that hung up or refused in between is noticed here rather than after the point of no return.
        self.uninterrupted().await?;
        before_end.await.map_err(NotSubmitted::Stopped)?;
        self.uninterrupted().await?;
        let patience = self.connection.patience();
        match self.connection.say_end(stuffing.end(), patience.block).await {
            Err(error) => return Err(self.lost(error).await),
            Ok(Err(error)) => return Err(NotSubmitted::Unknown(error)),
            Ok(Ok(())) => {}
        }

        let reply = self
            .connection
            .hear(patience.end, "the reply to the message")
            .await
            .map_err(NotSubmitted::Unknown)?;
        match reply.code {
            200..=299 => {
                self.connection.set_within(false);
                Ok(Submitted { recipients, text: RecipientReply::of(&reply).text })
            }
            // A no is a no, also where the server takes its leave with it (RFC 5321 section 4.2.1).
            400..=599 => {
                self.connection.set_within(reply.code == 421);
                Err(NotSubmitted::MessageRefused(RecipientReply::of(&reply)))
            }
            _ => Err(NotSubmitted::Unknown(Error::Protocol("an unexpected reply to the message"))),
        }
    }

    /// All octets but the last line end.
    async fn pour(&mut self, octets: &mut impl Chunks) -> Result<Stuffing, NotSubmitted> {
        let mut stuffing = Stuffing::new();
        let mut block = Vec::with_capacity(64 * 1024);
        let mut left = self.envelope.size;
        while let Some(piece) = octets.next().await.map_err(NotSubmitted::Stopped)? {
            left = u64::try_from(piece.len())
                .ok()
                .and_then(|length| left.checked_sub(length))
                .ok_or_else(wrong_size)?;
            for slice in piece.chunks(SLICE) {
                stuffing.push(slice, &mut block);
                if block.len() >= BLOCK {
                    self.block(&mut block).await?;
                }
            }
        }
        // A source that ended too soon would make a message that says something else.
        if left > 0 {
            return Err(wrong_size());
        }
        self.block(&mut block).await?;
        Ok(stuffing)
    }

    async fn block(&mut self, block: &mut Vec<u8>) -> Result<(), NotSubmitted> {
        let within = self.connection.patience().block;
        if let Err(error) = self.connection.say(block, within, "the data").await {
            return Err(self.lost(error).await);
        }
        block.clear();
        Ok(())
    }

    async fn say(&mut self, lines: &str, what: &'static str) -> Result<(), NotSubmitted> {
        let within = self.connection.patience().reply;
        match self.connection.say(lines.as_bytes(), within, what).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.lost(error).await),
        }
    }

    async fn hear(&mut self, what: &'static str) -> Result<super::Reply, NotSubmitted> {
        let within = self.connection.patience().reply;
        self.connection.hear(within, what).await.map_err(NotSubmitted::NotSent)
    }

    async fn uninterrupted(&mut self) -> Result<(), NotSubmitted> {
        if self.connection.is_interrupted().await { Err(self.lost(Error::Closed).await) } else { Ok(()) }
    }

    /// What it means that nothing more can be said before the end.
    async fn lost(&mut self, error: Error) -> NotSubmitted {
        // Also a server that only reads no more may have said why.
        if (error.is_connection_lost() || self.connection.is_interrupted().await)
            && let Some(reply) = self.connection.last_words().await
        {
            return interruption(&reply);
        }
        NotSubmitted::NotSent(error)
    }
}

fn wrong_size() -> NotSubmitted {
    let what = "the source has another size than was announced";
    NotSubmitted::Stopped(io::Error::new(io::ErrorKind::InvalidData, what))
}
