//! The form by which somebody answers with a passkey, in signing in and proving alike, and the question that its
//! script asks for; no page itself.

use access::{PasskeyQuestion, SignInRefusal};
use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

use crate::{
    frame::{Error, Site},
    pages::login::too_many,
};

/// What the form says and where it goes.
#[derive(Debug, Clone)]
pub(super) struct PasskeyForm {
    /// The name of the site that passkeys are for.
    pub(super) site: String,
    /// Where the answer is posted.
    pub(super) action: &'static str,
    /// Where the question is asked for.
    pub(super) ask: &'static str,
    /// The words on the button.
    pub(super) label: &'static str,
    /// What a proof is for, as the query named it.
    pub(super) occasion: String,
    /// Whether a field for the name stands on the page, where browsers offer passkeys too.
    pub(super) is_beside_name: bool,
}

impl PasskeyForm {
    /// The form to sign in with, where there are passkeys.
    pub(super) fn sign_in(site: &Site) -> Option<Self> {
        Some(Self {
            site: site.access.passkey_site()?,
            action: "/login/passkey",
            ask: "/login/passkey/begin",
            label: "Sign in with a passkey",
            occasion: String::new(),
            is_beside_name: true,
        })
    }

    /// The form to prove oneself with, where there are passkeys.
    pub(super) fn prove(site: &Site, occasion: &str) -> Option<Self> {
        Some(Self {
            site: site.access.passkey_site()?,
            action: "/prove/passkey",
            ask: "/prove/passkey/begin",
            label: "Use a passkey",
            occasion: occasion.to_owned(),
            is_beside_name: false,
        })
    }
}

/// A question for the page's script.
pub(super) fn question(asked: &PasskeyQuestion) -> Response {
    answer(StatusCode::OK, &json!({ "code": asked.code.expose(), "options": asked.options }))
}

/// What the page's script shows instead of a question.
pub(super) fn told(status: StatusCode, words: &str) -> Response {
    answer(status, &json!({ "told": words }))
}

/// Why there is no question.
pub(super) fn no_question(refusal: SignInRefusal) -> Result<Response, Error> {
    match refusal {
        SignInRefusal::TooMany(seconds) => {
            let mut response = told(StatusCode::TOO_MANY_REQUESTS, &too_many(seconds));
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            Ok(response)
        }
        SignInRefusal::Wrong => {
            Ok(told(StatusCode::NOT_FOUND, "You have no passkey here. Use your password."))
        }
        SignInRefusal::Unavailable(error) => Err(error.into()),
    }
}

fn answer(status: StatusCode, value: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}
