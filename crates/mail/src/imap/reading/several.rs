//! Messages of several mailboxes in one flight: each is opened and read behind the other.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{Source, Sources, complete, fetched, requests, without_text};
use crate::{
    Error,
    imap::{pool::Question, session::Session},
};

/// Messages of several mailboxes to be read: answers in their order, each as [`Sources`] would be
/// answered.
#[derive(Debug)]
pub struct Several<'a>(pub &'a [Sources<'a>]);

impl Question for Several<'_> {
    type Answer = Vec<Result<Option<BTreeMap<u32, Source>>, Error>>;

    async fn ask(&self, session: &mut Session) -> Result<Self::Answer, Error> {
        if let [only] = self.0 {
            return only.ask(session).await.map(|sources| vec![Ok(sources)]);
        }
        let mut flights = Vec::with_capacity(self.0.len());
        for asked in self.0 {
            let mailbox = Bytes::copy_from_slice(asked.mailbox);
            flights.push((mailbox, requests(session, asked.wanted, asked.with_text)));
        }
        let mut answers = Vec::with_capacity(flights.len());
        let opened = session.examine_each(flights).await;
        for (asked, opened) in self.0.iter().zip(opened) {
            let first = opened.and_then(|(selected, replies)| {
                if selected.validity == asked.validity {
                    fetched(replies, asked.wanted).map(Some)
                } else {
                    Ok(None)
                }
            });
            let answer = match first {
                Ok(Some(fetched)) if asked.with_text => {
                    complete(session, asked.mailbox, asked.validity, asked.wanted, fetched).await.map(Some)
                }
                Ok(Some(fetched)) => Ok(Some(without_text(fetched, asked.wanted))),
                Ok(None) => Ok(None),
                Err(error) if error.ends_connection() => return Err(error),
                Err(error) => Err(error),
            };
            answers.push(answer);
        }
        Ok(answers)
    }
}
