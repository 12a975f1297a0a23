//! Links to one part of a message: a token that whoever has it can open for a quarter of an hour.
//!
//! A token is sealed, so it shows nothing and cannot be changed, and nothing is stored. It belongs to a
//! grant: what it opens is asked of the grant as it stands then. That the message is still within the
//! grant's limits is for `engine` to check, which fetches it.

use domain::{Door, GrantId, Principal, Scope, Secret, Timestamp, chain};
use time::Duration;

use crate::{Access, Error, Refusal, Result};

/// How long a link opens.
const LIFETIME: Duration = Duration::minutes(15);

/// The sealer's purpose of links.
const PURPOSE: &str = "link";

/// Octets of a message's id that a link can name: more than any folder's name that servers take.
const LONGEST_ID: usize = 4 * 1024;

/// Characters of a token that are looked at.
const LONGEST_TOKEN: usize = 6 * 1024;

/// A link as it is given.
#[derive(Debug, Clone)]
pub struct Link {
    /// What stands behind `/files/`.
    pub token: Secret,
    /// When it stops opening.
    pub expires: Timestamp,
}

/// What a link opens, and for whom.
#[derive(Debug, Clone)]
pub struct LinkedPart {
    /// The grant that the link was given under, as it stands now.
    pub principal: Principal,
    /// The message's id, as agents see it.
    pub message: String,
    /// Which of its attachments.
    pub index: usize,
}

/// Why a link opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum LinkRefusal {
    /// It is none of ours.
    #[error("the link is not valid")]
    Unknown,
    /// Its quarter of an hour is over.
    #[error("the link has expired")]
    Expired,
    /// Its grant does not hold any more, or could not be looked up.
    #[error("the link is not valid")]
    Grant(#[source] Refusal),
    /// Its grant may no longer read.
    #[error("the link is not valid")]
    ScopeMissing,
}

impl LinkRefusal {
    /// The word in the log.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Expired => "link_expired",
            Self::Grant(refusal) => refusal.reason(),
            Self::ScopeMissing => "scope_missing",
        }
    }
}

impl Access {
    /// A link to the attachment `index` of the message `message`, under the principal's grant.
    pub fn link_new(&self, principal: &Principal, message: &str, index: usize) -> Result<Link> {
        let expires = self.clock().now() + LIFETIME;
        let (Some(seconds), Ok(index), Some(grant), true) =
            (seconds(expires), u16::try_from(index), principal.grant.to_bytes(), message.len() <= LONGEST_ID)
        else {
            return Err(Error::NotLinkable);
        };
        let mut bytes = Vec::with_capacity(22 + message.len());
        bytes.extend_from_slice(&seconds.to_be_bytes());
        bytes.extend_from_slice(&index.to_be_bytes());
        bytes.extend_from_slice(&grant);
        bytes.extend_from_slice(message.as_bytes());
        let token = Secret::new(self.store()?.sealer().seal_text(PURPOSE, &[], &bytes));
        Ok(Link { token, expires: expires.replace_nanosecond(0).unwrap_or(expires) })
    }

    /// What a link opens, under its grant as it stands now.
    pub async fn link_open(&self, token: &str) -> Result<LinkedPart, LinkRefusal> {
        let opened = self.open(token).await;
        match &opened {
            // anybody can send nonsense, and people click on old links
            Err(refusal @ (LinkRefusal::Unknown | LinkRefusal::Expired)) => {
                tracing::debug!(reason = refusal.reason(), "link refused");
            }
            Err(LinkRefusal::Grant(Refusal::Unavailable(error))) => {
                tracing::error!(error = %chain(error), "link not checked");
            }
            Err(refusal) => tracing::info!(reason = refusal.reason(), "link refused"),
            Ok(_) => {}
        }
        opened
    }

    /// The grant of somebody who opened a link, as it stands now: for the time that it takes to send a file.
    pub async fn link_principal(&self, grant: &GrantId) -> Result<Principal, LinkRefusal> {
        self.store().map_err(|_| LinkRefusal::Unknown)?;
        let principal = self.granted(grant, Door::Link).await.map_err(LinkRefusal::Grant)?;
        if principal.may(Scope::Read) { Ok(principal) } else { Err(LinkRefusal::ScopeMissing) }
    }

    async fn open(&self, token: &str) -> Result<LinkedPart, LinkRefusal> {
        let (expires, grant, message, index) = self.unseal(token).ok_or(LinkRefusal::Unknown)?;
        if seconds(self.clock().now()).is_none_or(|now| now >= expires) {
            return Err(LinkRefusal::Expired);
        }
        Ok(LinkedPart { principal: self.link_principal(&grant).await?, message, index })
    }

    fn unseal(&self, token: &str) -> Option<(u32, GrantId, String, usize)> {
        let token = Some(token).filter(|token| token.len() <= LONGEST_TOKEN)?;
        let bytes = self.store().ok()?.sealer().open_text(PURPOSE, &[], token).ok()?;
        let (expires, rest) = bytes.split_first_chunk()?;
        let (index, rest) = rest.split_first_chunk()?;
        let (grant, message) = rest.split_first_chunk()?;
        let message = str::from_utf8(message).ok()?.to_owned();
        let index = u16::from_be_bytes(*index).into();
        Some((u32::from_be_bytes(*expires), GrantId::from_random(*grant), message, index))
    }
}

/// Whole seconds since 1970, which fit until 2106.
fn seconds(at: Timestamp) -> Option<u32> {
    u32::try_from(at.unix_timestamp()).ok()
}
