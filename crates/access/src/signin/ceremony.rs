//! Sign-ins and proofs of two requests: what the first one asked is kept, sealed, until the second one answers, at
//! whichever replica. Bound to the browser or session that began it, for a few minutes, taken once.

use domain::{Secret, UserId, WebSessionId};
use serde::{Serialize, de::DeserializeOwned};
use storage::NewCeremony;
use time::Duration;
use zeroize::Zeroizing;

use crate::{Access, Result, signin::code};

/// How long the second request may take: somebody looks for their key or their telephone.
pub(crate) const LIFETIME: Duration = Duration::minutes(5);

/// A first half: what it is, and who alone finishes it.
#[derive(Debug, Clone)]
pub(crate) struct FirstHalf<'a> {
    /// What it is half of; a constant of whoever begins it.
    pub(crate) kind: &'static str,
    /// In which browser: what only that browser sends, such as its cookie of visits. Without, whoever holds the
    /// code finishes it.
    pub(crate) visit: Option<&'a Secret>,
    /// In which session, if somebody is signed in.
    pub(crate) session: Option<&'a WebSessionId>,
    /// Whose it is, if that is known already.
    pub(crate) user: Option<&'a UserId>,
    /// What a proof is for, as it is stored; empty for a sign-in.
    pub(crate) occasion: String,
}

/// What a first half left for the second.
pub(crate) struct Taken<T> {
    /// Whose it is, if that was known.
    pub(crate) user: Option<UserId>,
    /// What a proof is for, as it is stored.
    pub(crate) occasion: String,
    /// What was asked.
    pub(crate) body: T,
}

impl Access {
    /// Keeps a first half for [`LIFETIME`]; answers the code that the browser hands in with the second.
    pub(crate) async fn ceremony_begin(&self, half: FirstHalf<'_>, body: &impl Serialize) -> Result<Secret> {
        let (code, _) = code::new(self.random());
        let new = NewCeremony {
            hash: bound(&code, half.visit, half.session),
            kind: half.kind,
            user: half.user.cloned(),
            session: half.session.cloned(),
            occasion: half.occasion,
            body: Zeroizing::new(serde_json::to_vec(body).map_err(|_| crate::Error::Ceremony)?),
            expires: self.clock().now() + LIFETIME,
        };
        self.store()?.ceremony_begin(&new).await?;
        Ok(code)
    }

    /// Takes the first half of that code; nothing if there is none of that kind, it was taken before, its time
    /// is over, or another browser or session began it, which does not use it up.
    pub(crate) async fn ceremony_take<T: DeserializeOwned>(
        &self,
        code: &Secret,
        kind: &'static str,
        visit: Option<&Secret>,
        session: Option<&WebSessionId>,
    ) -> Result<Option<Taken<T>>> {
        if code::hash(code).is_none() {
            return Ok(None);
        }
        let taken = self.store()?.ceremony_take(&bound(code, visit, session), kind).await?;
        let Some(taken) = taken.filter(|taken| taken.session.as_ref() == session) else { return Ok(None) };
        let body = serde_json::from_slice(&taken.body).map_err(|_| crate::Error::Ceremony)?;
        Ok(Some(Taken { user: taken.user, occasion: taken.occasion, body }))
    }
}

/// What a first half is found by: nobody finds it without the code, and none but its own browser or session with.
fn bound(code: &Secret, visit: Option<&Secret>, session: Option<&WebSessionId>) -> [u8; 32] {
    let visit = visit.map_or("", Secret::expose);
    let session = session.map_or("", WebSessionId::as_str);
    let purpose = format!("ceremony {} {visit} {session}", visit.len());
    let derived = code::derive(code, &purpose);
    // what is derived has the shape of a code
    code::hash(&derived).unwrap_or_default()
}
