//! The way to a submission server: where an account submits and with what, and signing in there. What is handed
//! over then is told in `outbox` and `telling`.

use domain::{Endpoint, account::Credential};
use mail::smtp::{self, Patience, SignedIn};
use net::Origin;
use tokio::time::{Instant, timeout_at};

use crate::Engine;

/// Where an account submits mail, and with what.
#[derive(Debug)]
pub(crate) struct Submission {
    /// The server and the login name.
    pub(crate) endpoint: Endpoint,
    /// The proof.
    pub(crate) credential: Credential,
}

impl Engine {
    /// Signs in where an account submits mail, to hand something over; until `deadline` at the longest.
    pub(crate) async fn sign_in_to_submit(
        &self,
        submission: &Submission,
        deadline: Instant,
    ) -> Result<SignedIn, mail::Error> {
        let Submission { endpoint, credential } = submission;
        let signing_in = self.sign_in_at(endpoint, credential, self.0.bounds.sending.submission);
        timeout_at(deadline, signing_in).await.unwrap_or(Err(mail::Error::Timeout("sign-in")))
    }

    /// Signs in to a submission server that is waited for with that patience.
    pub(crate) async fn sign_in_at(
        &self,
        endpoint: &Endpoint,
        credential: &Credential,
        patience: Patience,
    ) -> Result<SignedIn, mail::Error> {
        let mut nonce = [0; 24];
        self.0.settings.random.fill(&mut nonce);
        let outgoing = &self.0.settings.outgoing;
        smtp::sign_in(patience, outgoing, endpoint, credential, Origin::User, nonce).await
    }
}
