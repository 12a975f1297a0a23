//! A file on its way to whoever opened its link: read no faster than it is taken, and ended when its grant
//! is, when nothing moves, or when the server stops.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::body::{Body, Bytes};
use domain::{Code, GrantId, Principal, Problem, Scope};
use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::gate::Gate;

/// Octets that are handed over at once: that many must be taken before a download stands still.
const PIECE: usize = 64 * 1024;

/// Pieces that are read ahead of whoever takes them.
const AHEAD: usize = 2;

/// Seconds until whoever has too many downloads may try again.
const RETRY_AFTER: u64 = 30;

/// The downloads that are running, so that they can be counted and ended.
#[derive(Debug, Clone)]
pub(crate) struct Downloads {
    running: TaskTracker,
    stop: CancellationToken,
    of_grants: Arc<Mutex<BTreeMap<GrantId, usize>>>,
    /// How many a grant may have at once.
    most: usize,
}

/// The place of one download among those of its grant, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    of_grants: Arc<Mutex<BTreeMap<GrantId, usize>>>,
    grant: GrantId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut of_grants = self.of_grants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = of_grants.get_mut(&self.grant) {
            *count -= 1;
            if *count == 0 {
                of_grants.remove(&self.grant);
            }
        }
    }
}

impl Downloads {
    /// At most so many of one grant at once.
    pub(crate) fn new(most: usize) -> Self {
        Self { running: TaskTracker::new(), stop: CancellationToken::new(), of_grants: Arc::default(), most }
    }

    /// A place for one more, if the grant has not too many already.
    pub(super) fn enter(&self, grant: &GrantId) -> Result<Place, Problem> {
        let mut of_grants = self.of_grants.lock().unwrap_or_else(PoisonError::into_inner);
        let count = of_grants.get(grant).copied().unwrap_or(0);
        if count >= self.most {
            return Err(Problem::new(Code::RateLimited, "Too many files at once.").retry_after(RETRY_AFTER));
        }
        of_grants.insert(grant.clone(), count + 1);
        Ok(Place { of_grants: Arc::clone(&self.of_grants), grant: grant.clone() })
    }

    /// Ends all, now and from now on, and returns when each is on record.
    pub(crate) async fn end(&self) {
        self.stop.cancel();
        self.running.close();
        self.running.wait().await;
    }
}

/// The grant of somebody who opened a link, watched for as long as that matters.
#[derive(Clone)]
pub(super) struct Watch {
    /// Who knows it.
    pub(super) gate: Arc<dyn Gate>,
    /// As it was when the link was opened.
    pub(super) principal: Arc<Principal>,
    /// How often it is looked at.
    pub(super) every: Duration,
}

impl Watch {
    /// Returns when the grant no longer allows what it did. One that was only narrowed counts as ended too:
    /// opened again, the link is judged anew.
    pub(super) async fn ended(&self) {
        loop {
            sleep(self.every).await;
            let now = self.gate.link_principal(&self.principal.grant).await;
            if !now.is_ok_and(|now| allows_as_much(&now, &self.principal)) {
                return;
            }
        }
    }
}

fn allows_as_much(now: &Principal, before: &Principal) -> bool {
    now.may(Scope::Read)
        && now.limits == before.limits
        && before.accounts.iter().all(|one| now.accounts.iter().any(|other| other.name == one.name))
}

/// One download that is to begin.
pub(super) struct Sending {
    /// Whether it may go on.
    pub(super) watch: Watch,
    /// What it is on record as.
    pub(super) message: String,
    /// How many octets there are to send; as many as come if it is not known.
    pub(super) length: Option<u64>,
    /// Held until it has ended.
    pub(super) place: Place,
    /// How long nothing may move.
    pub(super) idle: Duration,
    /// How long it may take in all, however it moves.
    pub(super) longest: Duration,
}

/// A piece of the file, or `None` once it is whole: an end without it is a download that broke.
type Piece = Option<Bytes>;

impl Sending {
    /// Begins, and answers the body of the HTTP answer.
    pub(super) fn begin(
        self,
        file: BoxStream<'static, Result<Bytes, Problem>>,
        downloads: &Downloads,
    ) -> Body {
        let (pieces, taken) = mpsc::channel(AHEAD);
        downloads.running.spawn(self.run(file, pieces, downloads.stop.clone()));
        Body::from_stream(stream::unfold(Some(taken), |taken| async {
            let mut taken = taken?;
            match taken.recv().await {
                Some(Some(piece)) => Some((Ok(piece), Some(taken))),
                Some(None) => None,
                None => Some((Err(io::Error::from(io::ErrorKind::ConnectionAborted)), None)),
            }
        }))
    }

    async fn run(
        self,
        file: BoxStream<'static, Result<Bytes, Problem>>,
        pieces: mpsc::Sender<Piece>,
        stop: CancellationToken,
    ) {
        let mut sent = 0;
        let outcome = tokio::select! {
            // first, so that a file which was taken whole counts as that even if its taker is gone
            biased;
            outcome = copy(file, &pieces, (self.length, &mut sent), self.idle) => outcome,
            () = pieces.closed() => "cancelled",
            () = stop.cancelled() => "cancelled",
            () = self.watch.ended() => "revoked",
            () = sleep(self.longest) => Code::Timeout.as_str(),
        };
        drop((pieces, self.place));
        super::record(&self.watch, &self.message, outcome, Some(sent)).await;
    }
}

/// Hands the file over piece by piece, and answers how that ended; `sent` counts its octets as they go.
async fn copy(
    mut file: BoxStream<'static, Result<Bytes, Problem>>,
    pieces: &mpsc::Sender<Piece>,
    (mut left, sent): (Option<u64>, &mut u64),
    idle: Duration,
) -> &'static str {
    while left != Some(0) {
        let mut piece = match timeout(idle, file.next()).await {
            Ok(Some(Ok(piece))) => piece,
            Ok(Some(Err(problem))) => {
                tracing::info!(code = problem.code.as_str(), "a download broke off");
                return problem.code.as_str();
            }
            Ok(None) if left.is_none() => break,
            Ok(None) => {
                tracing::error!("a file was shorter than it was said to be");
                return Code::Internal.as_str();
            }
            Err(_) => return Code::Timeout.as_str(),
        };
        if let Some(left) = &mut left {
            piece.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= piece.len() as u64;
        }
        while !piece.is_empty() {
            let part = piece.split_to(piece.len().min(PIECE));
            let octets = part.len() as u64;
            match timeout(idle, pieces.send(Some(part))).await {
                Ok(Ok(())) => *sent += octets,
                Ok(Err(_)) => return "cancelled",
                Err(_) => return Code::Timeout.as_str(),
            }
        }
    }
    drop(file);
    // who knows the length has gone with its last octet
    let _ = timeout(idle, pieces.send(None)).await;
    "ok"
}

#[cfg(test)]
mod tests {
    use domain::{AccountSource, Door, GrantedAccount, Limits, Scopes};

    use super::*;

    fn principal(accounts: &[&str]) -> Principal {
        let granted = |name: &&str| GrantedAccount {
            name: name.parse().unwrap(),
            is_default: false,
            source: AccountSource::Stored(domain::AccountId::from_text(*name)),
        };
        Principal {
            user: "ann".into(),
            grant: GrantId::from_text("gra_1"),
            client: "agent".into(),
            door: Door::Link,
            sign_in: None,
            scopes: Scopes::all(),
            accounts: accounts.iter().map(granted).collect(),
            limits: Limits::default(),
        }
    }

    #[test]
    fn a_grant_that_was_narrowed_in_any_way_allows_less() {
        let before = principal(&["home", "work"]);
        assert!(allows_as_much(&before, &before));
        assert!(allows_as_much(&principal(&["club", "home", "work"]), &before));
        assert!(!allows_as_much(&principal(&["home"]), &before));
        let scopes = Scopes::parse("folders search send").unwrap();
        assert!(!allows_as_much(&Principal { scopes, ..before.clone() }, &before));
        for limits in [
            Limits { folders: vec!["@inbox".into()], ..Limits::default() },
            Limits { nothing_before: Some(domain::Timestamp::UNIX_EPOCH), ..Limits::default() },
        ] {
            assert!(!allows_as_much(&Principal { limits, ..before.clone() }, &before));
        }
    }
}
