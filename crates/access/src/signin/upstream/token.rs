//! Who somebody is by an ID token (OpenID Connect Core 1.0, 3.1.3.7): signature, issuer, audience, time, nonce. Of
//! algorithms only those with a public key are taken.

use chrono::{DateTime, Utc};
use domain::{Secret, Timestamp};
use openidconnect::{
    ClaimsVerificationError, ClientId, IssuerUrl, Nonce, SignatureVerificationError,
    core::{CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm},
};
use serde::Deserialize;
use time::Duration;

use super::{LoginProvider, ProviderRefusal};

/// How far the provider's clock and ours may differ.
pub(super) const SKEW: Duration = Duration::minutes(1);
/// Characters of a subject that are taken (OpenID Connect Core 1.0, 2).
const LONGEST_SUBJECT: usize = 255;
/// Characters of an address or name that are shown.
const LONGEST_SHOWN: usize = 120;

/// Who somebody is at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    /// What it calls them, for ever.
    pub(super) subject: String,
    pub(super) names: Names,
    /// When they signed in there, if it says so.
    pub(super) signed_in: Option<Timestamp>,
}

impl Told {
    /// Whether they signed in there since they were sent, at `asked` in seconds since 1970, and not only before.
    pub(super) fn is_since(&self, asked: i64) -> bool {
        let asked = Timestamp::from_unix_timestamp(asked);
        self.signed_in.is_some_and(|at| asked.is_ok_and(|asked| at >= asked - SKEW))
    }
}

/// What else it calls them; nothing of it says who they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Names {
    pub(super) preferred_username: Option<String>,
    pub(super) email: Option<String>,
    pub(super) email_verified: Option<bool>,
}

/// The same, as its own endpoint says it.
#[derive(Deserialize)]
pub(super) struct About {
    pub(super) sub: String,
    #[serde(flatten)]
    pub(super) names: Names,
}

/// Why a token tells nothing.
pub(super) enum TokenFault {
    /// Its key is not among these.
    UnknownKey,
    /// What it is.
    Bad(&'static str),
}

impl From<TokenFault> for ProviderRefusal {
    fn from(fault: TokenFault) -> Self {
        Self::Untrusted(match fault {
            TokenFault::UnknownKey => "its token is signed with a key that it does not publish",
            TokenFault::Bad(why) => why,
        })
    }
}

/// Who somebody is by `token`, which must be for us, in answer to what was asked with `nonce`.
pub(super) fn told(
    settings: &LoginProvider,
    keys: &CoreJsonWebKeySet,
    token: &str,
    nonce: &Secret,
    now: Timestamp,
) -> Result<Told, TokenFault> {
    let token: CoreIdToken = token.parse().map_err(|_| TokenFault::Bad("its token is no ID token"))?;
    let issuer =
        IssuerUrl::new(settings.issuer.clone()).map_err(|_| TokenFault::Bad("its issuer is no URL"))?;
    let instant = |at: Timestamp| DateTime::<Utc>::from_timestamp(at.unix_timestamp(), 0).unwrap_or_default();
    let (earliest, latest) = (instant(now - SKEW), instant(now + SKEW));
    // without our secret, no token is taken that is signed with it
    let verifier =
        CoreIdTokenVerifier::new_public_client(
            ClientId::new(settings.client_id.clone()),
            issuer,
            keys.clone(),
        )
        .set_allowed_algs([
            CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
            CoreJwsSigningAlgorithm::EcdsaP256Sha256,
            CoreJwsSigningAlgorithm::EdDsa,
        ])
        .set_time_fn(move || earliest)
        .set_issue_time_verifier_fn(move |issued| {
            if issued <= latest { Ok(()) } else { Err("not yet issued".to_owned()) }
        });
    let claims =
        token.claims(&verifier, &Nonce::new(nonce.expose().to_owned())).map_err(|error| fault_of(&error))?;
    if claims.authorized_party().is_some_and(|party| party.as_str() != settings.client_id) {
        return Err(TokenFault::Bad("its token was given to another client"));
    }
    let subject = claims.subject().as_str();
    if subject.is_empty()
        || subject.len() > LONGEST_SUBJECT
        || !subject.bytes().all(|b| (b' '..=b'~').contains(&b))
    {
        return Err(TokenFault::Bad("its token names nobody"));
    }
    Ok(Told {
        subject: subject.to_owned(),
        names: Names {
            preferred_username: claims.preferred_username().map(|name| name.as_str().to_owned()),
            email: claims.email().map(|email| email.as_str().to_owned()),
            email_verified: claims.email_verified(),
        },
        signed_in: claims.auth_time().and_then(|at| Timestamp::from_unix_timestamp(at.timestamp()).ok()),
    })
}

/// What went wrong, in words of ours: those of the library may hold what the token says.
fn fault_of(error: &ClaimsVerificationError) -> TokenFault {
    TokenFault::Bad(match error {
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
            return TokenFault::UnknownKey;
        }
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::DisallowedAlg(_)) => {
            "its token is signed in a way that is not taken"
        }
        ClaimsVerificationError::SignatureVerification(_) => "its token's signature is wrong",
        ClaimsVerificationError::Expired(_) => "its token is of another time",
        ClaimsVerificationError::InvalidAudience(_) => "its token is for somebody else",
        ClaimsVerificationError::InvalidIssuer(_) => "its token is of another issuer",
        ClaimsVerificationError::InvalidNonce(_) => "its token answers another question",
        _ => "its token is not valid",
    })
}

impl Names {
    /// Whether nothing is known.
    pub(super) fn is_empty(&self) -> bool {
        self.preferred_username.is_none() && self.email.is_none()
    }

    /// The address or name, for the person's own list.
    pub(super) fn shown(&self) -> String {
        let shown = self.email.as_ref().or(self.preferred_username.as_ref());
        let plain = |c: &char| !c.is_control();
        shown.map(|shown| shown.chars().filter(plain).take(LONGEST_SHOWN).collect()).unwrap_or_default()
    }

    /// What somebody could be called here: what they are called there, else the first half of an address that is
    /// known to be theirs, in letters that a name may have.
    pub(super) fn user_name(&self) -> String {
        let address = self.email.as_deref().filter(|_| self.email_verified == Some(true));
        let called = self.preferred_username.as_deref().filter(|name| !fitted(name).is_empty());
        let fitted = fitted(called.or(address).unwrap_or_default());
        if fitted.is_empty() { "person".to_owned() } else { fitted }
    }
}

/// As much of it as a user's name may have: room is left for a number.
fn fitted(text: &str) -> String {
    let local = text.split('@').next().unwrap_or_default();
    let fits = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(*c);
    let name: String = local.chars().map(|c| c.to_ascii_lowercase()).filter(fits).take(56).collect();
    name.trim_matches(['.', '_', '-']).to_owned()
}

#[cfg(test)]
mod tests;
