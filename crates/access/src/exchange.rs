//! The token endpoint's work: codes and refresh tokens against new tokens, and the end of tokens. Codes are
//! spent by their first use; a refresh token that is used again ends its whole family.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{ClientId, Door, Scopes, Secret, chain};
use storage::{FamilyStanding, NewOne, NewPair, Refresh, Spent, Store};
use subtle::ConstantTimeEq;
use time::Duration;

use crate::{
    Access, AuthMethod, Result,
    consent::CODE_PREFIX,
    doors::{bearer, oauth},
};

/// What refresh tokens begin with.
const REFRESH_PREFIX: &str = "prmr_";

/// So long after its use a refresh token is taken again: the answer may have been lost.
const GRACE: Duration = Duration::seconds(30);

/// How a client says who it is.
#[derive(Debug, Clone)]
pub struct ClientProof {
    /// Its id.
    pub client: ClientId,
    /// Its secret.
    pub secret: Option<Secret>,
    /// How it sent that.
    pub method: AuthMethod,
}

/// New tokens.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The bearer.
    pub access: Secret,
    /// What the next ones are had with.
    pub refresh: Secret,
    /// Seconds that the bearer lives.
    pub expires_in: i64,
    /// What it allows.
    pub scopes: Scopes,
}

/// Why there are no tokens. `reason` is for the log; callers learn the kind.
#[derive(Debug, thiserror::Error)]
pub enum TokenRefusal {
    /// Unknown client or wrong secret.
    #[error("the client is not known or did not prove itself")]
    Client(&'static str),
    /// Code or refresh token is unknown, spent, expired, revoked, or another client's.
    #[error("the code or refresh token is not valid")]
    Grant(&'static str),
    /// The tokens would be for somebody else.
    #[error("the resource is not this server")]
    Target,
    /// More was asked for than was granted.
    #[error("the scope is more than was granted")]
    Scope,
    /// It could not be checked or stored.
    #[error("tokens cannot be had just now")]
    Unavailable(#[source] crate::Error),
}

impl Access {
    /// The one resource that tokens are for: `PUBLIC_URL/mcp`, if `named` means it (origin alone, a trailing
    /// slash, upper case in scheme and host count as equal; absent too).
    pub fn resource(&self, named: Option<&str>) -> Option<String> {
        let issuer = self.settings().issuer.as_str();
        let own = self.own_resource();
        let Some(named) = named else { return Some(own.to_owned()) };
        let named = lower_origin(named.strip_suffix('/').unwrap_or(named))?;
        let is_own = lower_origin(own).is_some_and(|own| own == named)
            || lower_origin(issuer).is_some_and(|issuer| issuer == named);
        is_own.then(|| own.to_owned())
    }

    /// A code against tokens. It is spent by its first use; a second one ends all that came of the first.
    pub async fn exchange_code(
        &self,
        code: &Secret,
        verifier: &Secret,
        redirect_uri: Option<&str>,
        proof: &ClientProof,
        resource: Option<&str>,
    ) -> Result<Issued, TokenRefusal> {
        let store = self.token_store()?;
        if !bearer::is_shaped(code.expose(), CODE_PREFIX) {
            return Err(TokenRefusal::Grant("code_unknown"));
        }
        let hash = bearer::hash(code.expose());
        let found = store.find_code(&hash).await.map_err(unavailable)?;
        let found = found.ok_or(TokenRefusal::Grant("code_unknown"))?;
        self.check_proof(proof).await?;
        if found.client != proof.client {
            return Err(TokenRefusal::Grant("code_of_another_client"));
        }
        if redirect_uri != Some(found.redirect_uri.as_str()) {
            return Err(TokenRefusal::Grant("redirect_differs"));
        }
        if !answers(verifier, &found.code_challenge) {
            return Err(TokenRefusal::Grant("wrong_verifier"));
        }
        if self.resource(resource).as_ref() != Some(&found.resource) {
            return Err(TokenRefusal::Target);
        }
        // the store sees whether it was used before: of two at the same instant, one is the first
        if !found.is_used {
            if found.expires <= self.clock().now() {
                return Err(TokenRefusal::Grant("code_expired"));
            }
            self.check_standing(&found.standing)?;
        }
        let scopes = found.scopes.intersect(found.standing.scopes);
        if scopes.is_empty() && !found.is_used {
            return Err(TokenRefusal::Grant("nothing_left"));
        }
        let (pair, issued) = self.new_pair(&found.standing, scopes, found.scopes, found.resource);
        let spent = store.spend_code(&hash, &pair).await.map_err(unavailable)?;
        self.settle(spent, &found.standing, proof, "code_reused").await?;
        Ok(issued)
    }

    /// A refresh token against the next tokens. Used again within half a minute it gives others beside those
    /// before, since an answer can be lost; used again later it ends its sign-in.
    pub async fn exchange_refresh(
        &self,
        refresh: &Secret,
        proof: &ClientProof,
        scope: Option<&str>,
        resource: Option<&str>,
    ) -> Result<Issued, TokenRefusal> {
        let store = self.token_store()?;
        if !bearer::is_shaped(refresh.expose(), REFRESH_PREFIX) {
            return Err(TokenRefusal::Grant("refresh_unknown"));
        }
        let hash = bearer::hash(refresh.expose());
        let found = store.find_refresh(&hash).await.map_err(unavailable)?;
        let found = found.ok_or(TokenRefusal::Grant("refresh_unknown"))?;
        self.check_proof(proof).await?;
        if found.standing.client.as_ref() != Some(&proof.client) {
            return Err(TokenRefusal::Grant("refresh_of_another_client"));
        }
        if self.resource(resource).as_ref() != Some(&found.resource) {
            return Err(TokenRefusal::Target);
        }
        let now = self.clock().now();
        if found.is_revoked {
            return Err(TokenRefusal::Grant("refresh_revoked"));
        }
        if found.expires.is_none_or(|expires| expires <= now) {
            return Err(TokenRefusal::Grant("refresh_expired"));
        }
        self.check_standing(&found.standing)?;
        let grace_from = now - GRACE;
        let is_reuse = found.replaced.is_some_and(|replaced| replaced < grace_from);
        let scopes = match narrowed(&found, scope) {
            // the store ends the sign-in, whatever was asked for
            _ if is_reuse => Scopes::NONE,
            Ok(scopes) if scopes.is_empty() => return Err(TokenRefusal::Grant("nothing_left")),
            narrowed => narrowed?,
        };
        let resource = found.resource.clone();
        // the next refresh token has the scopes of this one, however narrow the bearer is (RFC 6749, 6)
        let (pair, issued) = self.new_pair(&found.standing, scopes, found.scopes, resource);
        let spent = store.rotate(&found, &pair, grace_from).await.map_err(unavailable)?;
        self.settle(spent, &found.standing, proof, "refresh_reused").await?;
        Ok(issued)
    }

    /// Ends the family of a token (RFC 7009); a token that is unknown or another client's is passed over.
    pub async fn token_end(&self, token: &Secret, proof: &ClientProof) -> Result<(), TokenRefusal> {
        let store = self.token_store()?;
        self.check_proof(proof).await?;
        let token = token.expose();
        if [oauth::PREFIX, REFRESH_PREFIX].iter().any(|prefix| bearer::is_shaped(token, prefix)) {
            let ended = store.end_family_by_token(&bearer::hash(token), &proof.client).await;
            if let Some(ended) = ended.map_err(unavailable)? {
                tracing::info!(grant = %ended.grant, family = %ended.family, "sign-in ended by its client");
            }
        }
        Ok(())
    }

    fn token_store(&self) -> Result<&Store, TokenRefusal> {
        self.store().map_err(TokenRefusal::Unavailable)
    }

    /// Whether the client is who it says. An unknown one and a wrong secret are told alike.
    async fn check_proof(&self, proof: &ClientProof) -> Result<(), TokenRefusal> {
        let found = self.token_store()?.find_client(&proof.client).await.map_err(unavailable)?;
        let found = found.ok_or(TokenRefusal::Client("client_unknown"))?;
        let secret = proof.secret.as_ref().filter(|secret| !secret.is_empty());
        match (found.secret_hash, secret) {
            (None, None) => Ok(()),
            (Some(kept), Some(secret)) if bool::from(kept.ct_eq(&bearer::hash(secret.expose()))) => Ok(()),
            (Some(_), Some(_)) => Err(TokenRefusal::Client("wrong_secret")),
            (Some(_), None) => Err(TokenRefusal::Client("secret_missing")),
            (None, Some(_)) => Err(TokenRefusal::Client("public_with_secret")),
        }
    }

    /// Whether new tokens may be had under that sign-in. That its grant is paused does not matter: no token
    /// lets anybody in meanwhile, and clients that can go on refreshing need not ask the person anew.
    fn check_standing(&self, standing: &FamilyStanding) -> Result<(), TokenRefusal> {
        let has_expired = standing.expires.is_some_and(|expires| expires <= self.clock().now());
        let reasons = [
            (standing.is_user_disabled, "user_disabled"),
            (standing.is_revoked, "grant_revoked"),
            (has_expired, "grant_expired"),
            (standing.is_ended, "sign_in_ended"),
        ];
        match reasons.into_iter().find(|(is_so, _)| *is_so) {
            Some((_, reason)) => Err(TokenRefusal::Grant(reason)),
            None => Ok(()),
        }
    }

    /// New tokens, which end with their grant at the latest.
    fn new_pair(
        &self,
        standing: &FamilyStanding,
        scopes: Scopes,
        refresh_scopes: Scopes,
        resource: String,
    ) -> (NewPair, Issued) {
        let now = self.clock().now();
        let end = |lifetime| {
            let end = now.saturating_add(lifetime);
            standing.expires.map_or(end, |expires| expires.min(end))
        };
        let (access, access_hash) = bearer::mint(self.random(), oauth::PREFIX);
        let (refresh, refresh_hash) = bearer::mint(self.random(), REFRESH_PREFIX);
        let expires = end(self.settings().access_ttl);
        let refresh_expires = end(self.settings().refresh_ttl);
        let pair = NewPair {
            access: NewOne { hash: access_hash, scopes, expires },
            refresh: NewOne { hash: refresh_hash, scopes: refresh_scopes, expires: refresh_expires },
            resource,
        };
        (pair, Issued { access, refresh, expires_in: (expires - now).whole_seconds(), scopes })
    }

    /// What came of it, told and noted.
    async fn settle(
        &self,
        spent: Spent,
        standing: &FamilyStanding,
        proof: &ClientProof,
        reused: &'static str,
    ) -> Result<(), TokenRefusal> {
        match spent {
            Spent::Done => {}
            Spent::Reused => {
                tracing::warn!(
                    grant = %standing.grant,
                    family = %standing.family,
                    reason = reused,
                    "used a second time: the sign-in was ended"
                );
                let FamilyStanding { user_name, grant, family, .. } = standing;
                let (audit, targets) = (self.audit(), [family.to_string()]);
                audit
                    .record_under(Door::OAuth, user_name, grant.clone(), "token_reuse", &targets, reused)
                    .await;
                return Err(TokenRefusal::Grant(reused));
            }
            Spent::Ended => return Err(TokenRefusal::Grant("sign_in_ended")),
        }
        if let Err(error) = self.token_store()?.touch_client(&proof.client, self.clock().now()).await {
            tracing::warn!(error = %chain(&error), "client's use not noted");
        }
        Ok(())
    }
}

/// What the next bearer allows: what the refresh token was given, or the part of it that is asked for, within
/// what the grant allows now.
fn narrowed(refresh: &Refresh, scope: Option<&str>) -> Result<Scopes, TokenRefusal> {
    // what is not known here is passed over
    let asked: Scopes = scope.unwrap_or_default().split(' ').filter_map(|word| word.parse().ok()).collect();
    let asked = if asked.is_empty() { refresh.scopes } else { asked };
    if asked.intersect(refresh.scopes) != asked {
        return Err(TokenRefusal::Scope);
    }
    Ok(asked.intersect(refresh.standing.scopes))
}

/// Whether a verifier is one (RFC 7636, 4.1) and its S256 is the challenge.
fn answers(verifier: &Secret, challenge: &str) -> bool {
    let verifier = verifier.expose();
    let is_shaped = (43..=128).contains(&verifier.len())
        && verifier.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
    let digest = BASE64_URL_SAFE_NO_PAD.encode(bearer::hash(verifier));
    is_shaped && bool::from(digest.as_bytes().ct_eq(challenge.as_bytes()))
}

/// A URL with scheme and authority in lower case; nothing for what has none.
fn lower_origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    Some(format!("{}://{}{path}", scheme.to_ascii_lowercase(), authority.to_ascii_lowercase()))
}

fn unavailable(error: storage::Error) -> TokenRefusal {
    TokenRefusal::Unavailable(error.into())
}

#[cfg(test)]
mod tests;
