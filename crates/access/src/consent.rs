//! What a client asks for and a signed-in person answers. Without their click no code is ever made.

use domain::{ClientId, ConsentId, Grant, GrantId, GrantedAccounts, Limits, Scopes, Timestamp};
use storage::{Consent, NewConsent, Yes};
use time::Duration;

use crate::{Access, Client, Error, Result, SignedIn, agents::client_of, clients::shown_name, doors::bearer};

/// What codes begin with.
pub(crate) const CODE_PREFIX: &str = "prmc_";

/// How long a question can be answered.
const QUESTION: Duration = Duration::minutes(10);
/// How long a code can be exchanged.
const CODE: Duration = Duration::seconds(60);
/// Questions to a person that are open at the same time.
const OPEN: u32 = 20;
/// Characters of a label.
const LABEL: usize = 64;
/// How often it is tried anew when something else was made at the same instant.
const RACES: usize = 3;

/// What a client asks for, once it and its redirect are known to be good.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Who asks.
    pub client: ClientId,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// What goes back with it, unread.
    pub state: Option<String>,
    /// The S256 challenge (RFC 7636).
    pub code_challenge: String,
    /// The scopes it names that are known here; absent or empty if it names none: then all are offered.
    pub scopes: Option<Scopes>,
    /// Whom the tokens are for (RFC 8707), in its canonical form.
    pub resource: String,
}

/// A question as the person sees it.
#[derive(Debug, Clone)]
pub struct Question {
    /// Its id.
    pub id: ConsentId,
    /// Who asks.
    pub client: Client,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// The scopes that may be ticked: those asked for, all eight if none were named.
    pub offered: Scopes,
    /// What the client may do already, if the person let it in before.
    pub grant: Option<Grant>,
    /// Until when it can be answered.
    pub expires: Timestamp,
}

/// A person's yes.
#[derive(Debug, Clone)]
pub struct Choice {
    /// What the client may do; what was not offered is left out.
    pub scopes: Scopes,
    /// In which accounts.
    pub accounts: GrantedAccounts,
    /// Within which limits.
    pub limits: Limits,
    /// For how long; until revoked if absent.
    pub lifetime: Option<Duration>,
}

impl Access {
    /// Puts a question to the person. Of those that they have not answered, the newest 20 are kept.
    pub async fn consent_ask(&self, who: &SignedIn, asked: &Asked) -> Result<ConsentId> {
        let store = self.store()?;
        let now = self.clock().now();
        let new = NewConsent {
            client: asked.client.clone(),
            redirect_uri: asked.redirect_uri.clone(),
            state: asked.state.clone(),
            code_challenge: asked.code_challenge.clone(),
            // who names none that is known here has named none
            scopes: asked.scopes.filter(|scopes| !scopes.is_empty()),
            resource: asked.resource.clone(),
            expires: now + QUESTION,
        };
        let id = store.add_consent(&who.user.id, &new, OPEN).await?;
        store.touch_client(&asked.client, now).await?;
        Ok(id)
    }

    /// A question to the person: `ConsentNotFound` if it is not theirs, `ConsentOver` if it was answered or its
    /// time is over.
    pub async fn consent_find(&self, who: &SignedIn, id: &ConsentId) -> Result<Question> {
        let store = self.store()?;
        let asked = self.open_consent(who, id).await?;
        let client = store.find_client(&asked.client).await?.ok_or(Error::ConsentOver)?;
        let held = store.find_grant_to(&who.user.id, &asked.client).await?;
        Ok(Question {
            id: asked.id,
            client: client_of(client),
            redirect_uri: asked.redirect_uri,
            offered: asked.scopes.unwrap_or_else(Scopes::all),
            grant: held.map(|held| held.grant),
            expires: asked.expires,
        })
    }

    /// Answers yes, once: makes or edits the grant of person and client and makes a code. Answers the URL that
    /// the browser goes to. What the grant allowed beyond what was offered, it still allows; if it was paused,
    /// it is not any more. Recorded.
    pub async fn consent_give(&self, who: &SignedIn, id: &ConsentId, choice: &Choice) -> Result<String> {
        let store = self.store()?;
        let asked = self.open_consent(who, id).await?;
        let offered = asked.scopes.unwrap_or_else(Scopes::all);
        let scopes = choice.scopes.intersect(offered);
        if scopes.is_empty() {
            return Err(Error::NoScopes);
        }
        let accounts = self.check_granted(&who.user, &choice.accounts).await?;
        let expires = choice.lifetime.map(|lifetime| self.end_of(lifetime)).transpose()?;
        let client = store.find_client(&asked.client).await?.ok_or(Error::ConsentOver)?;
        let client = client_of(client);
        // its document may have been read anew since it asked: what it disowns by now gets no code
        if !client.has_redirect(&asked.redirect_uri) {
            return Err(Error::ConsentOver);
        }
        let (code, code_hash) = bearer::mint(self.random(), CODE_PREFIX);
        let yes = Yes {
            label: label_of(&client.name),
            scopes,
            offered,
            accounts,
            limits: choice.limits.clone(),
            expires,
            code_hash,
            code_expires: self.clock().now() + CODE,
        };
        let mut given = store.give_consent(&who.user.id, id, &yes).await;
        for _ in 0..RACES {
            // a token of that label or a grant of that client was made at the same instant: now it is seen
            if !matches!(given, Err(storage::Error::Taken)) {
                break;
            }
            given = store.give_consent(&who.user.id, id, &yes).await;
        }
        let given = given?.ok_or(Error::ConsentOver)?;
        let outcome = if given.is_new { "given" } else { "changed" };
        self.record_answer(who, given.grant, &asked.client, outcome).await;
        Ok(self.answer(&asked, &[("code", code.expose())]))
    }

    /// Answers no, once; answers the URL that the browser goes to. Recorded.
    pub async fn consent_refuse(&self, who: &SignedIn, id: &ConsentId) -> Result<String> {
        let store = self.store()?;
        let asked = self.open_consent(who, id).await?;
        if !store.refuse_consent(&who.user.id, id).await? {
            return Err(Error::ConsentOver);
        }
        let held = store.find_grant_to(&who.user.id, &asked.client).await?;
        // nothing was granted to a client that is refused at once
        let grant = held.map_or_else(|| GrantId::from_text(""), |held| held.grant.id);
        self.record_answer(who, grant, &asked.client, "refused").await;
        Ok(self.answer(&asked, &[("error", "access_denied")]))
    }

    async fn open_consent(&self, who: &SignedIn, id: &ConsentId) -> Result<Consent> {
        let found = self.store()?.find_consent(&who.user.id, id).await?.ok_or(Error::ConsentNotFound)?;
        let is_open = !found.is_answered && found.expires > self.clock().now();
        if is_open { Ok(found) } else { Err(Error::ConsentOver) }
    }

    fn answer(&self, asked: &Consent, answer: &[(&str, &str)]) -> String {
        self.answer_at(&asked.redirect_uri, asked.state.as_deref(), answer)
    }

    async fn record_answer(&self, who: &SignedIn, grant: GrantId, client: &ClientId, outcome: &str) {
        self.record_of_person(who, grant, "consent", &[client.as_str()], outcome).await;
    }
}

/// What a grant is called: the client's name as people are shown it, as far as a label goes.
fn label_of(name: &str) -> String {
    let label: String = shown_name(name).chars().take(LABEL).collect();
    match label.trim_end() {
        "" => "Agent".to_owned(),
        label => label.to_owned(),
    }
}

#[cfg(test)]
mod tests;
