//! What a client asks for and a signed-in person answers. Without their click no code is ever made.

use domain::{ClientId, ConsentId, Grant, GrantedAccounts, Limits, Scopes, Timestamp};
use time::Duration;

use crate::{Access, Client, Result, SignedIn};

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
    /// The scopes it names; absent if it names none.
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
    /// Puts a question to the person.
    pub async fn consent_ask(&self, who: &SignedIn, asked: &Asked) -> Result<ConsentId> {
        let _ = (who, asked);
        todo!()
    }

    /// A question to the person: `ConsentNotFound` if it is not theirs, `ConsentOver` if it was answered or its
    /// time is over.
    pub async fn consent_find(&self, who: &SignedIn, id: &ConsentId) -> Result<Question> {
        let _ = (who, id);
        todo!()
    }

    /// Answers yes, once: makes or edits the grant of person and client and makes a code. Answers the URL that
    /// the browser goes to. What the grant allowed beyond what was offered, it still allows.
    pub async fn consent_give(&self, who: &SignedIn, id: &ConsentId, choice: &Choice) -> Result<String> {
        let _ = (who, id, choice);
        todo!()
    }

    /// Answers no, once; answers the URL that the browser goes to.
    pub async fn consent_refuse(&self, who: &SignedIn, id: &ConsentId) -> Result<String> {
        let _ = (who, id);
        todo!()
    }
}
