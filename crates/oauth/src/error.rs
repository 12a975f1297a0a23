//! Errors as clients are told them: a name of RFC 6749 (5.2, 4.1.2.1) and its kin, and our own words.

use axum::{
    Json,
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use serde_json::json;

macro_rules! errors {
    ($($(#[$doc:meta])* $variant:ident $name:literal $status:ident;)*) => {
        /// What went wrong, in the words of the protocol.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Code { $($(#[$doc])* $variant),* }

        impl Code {
            /// Every one, in the order of the list.
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name.
            pub(crate) fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The status of an answer that is not a redirect.
            pub(crate) fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),* }
            }
        }
    };
}

errors! {
    /// RFC 6749, 5.2: a parameter is missing, repeated or malformed.
    InvalidRequest "invalid_request" BAD_REQUEST;
    /// RFC 6749, 5.2: the client is unknown or did not prove itself; the same for both.
    InvalidClient "invalid_client" UNAUTHORIZED;
    /// RFC 6749, 5.2: the code or refresh token does not hold.
    InvalidGrant "invalid_grant" BAD_REQUEST;
    /// RFC 6749, 5.2.
    UnsupportedGrantType "unsupported_grant_type" BAD_REQUEST;
    /// RFC 6749, 4.1.2.1.
    UnsupportedResponseType "unsupported_response_type" BAD_REQUEST;
    /// RFC 6749, 5.2: more than was granted.
    InvalidScope "invalid_scope" BAD_REQUEST;
    /// RFC 8707, 2: tokens would be for another server.
    InvalidTarget "invalid_target" BAD_REQUEST;
    /// OpenID Connect Core, 3.1.2.6: nobody is signed in, and nobody may be asked to.
    LoginRequired "login_required" BAD_REQUEST;
    /// OpenID Connect Core, 3.1.2.6: the person would have to be asked, and may not be.
    InteractionRequired "interaction_required" BAD_REQUEST;
    /// RFC 7591, 3.2.2.
    InvalidRedirectUri "invalid_redirect_uri" BAD_REQUEST;
    /// RFC 7591, 3.2.2.
    InvalidClientMetadata "invalid_client_metadata" BAD_REQUEST;
    /// Too many clients register; with the seconds to wait.
    SlowDown "slow_down" TOO_MANY_REQUESTS;
    /// RFC 6749, 4.1.2.1: something is out of order here.
    TemporarilyUnavailable "temporarily_unavailable" SERVICE_UNAVAILABLE;
}

/// A refusal that goes straight to the client as JSON.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    code: Code,
    why: &'static str,
    retry_after: Option<u64>,
}

impl Refusal {
    /// With words that hold nothing of what was sent.
    pub(crate) fn new(code: Code, why: &'static str) -> Self {
        let retry_after = (code == Code::TemporarilyUnavailable).then_some(5);
        Self { code, why, retry_after }
    }

    /// The same, to be tried again after so many seconds.
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// What went wrong.
    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// Our words.
    pub(crate) fn why(&self) -> &'static str {
        self.why
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Json(json!({"error": self.code.as_str(), "error_description": self.why}));
        let mut response = (self.code.status(), NOT_KEPT, body).into_response();
        let headers = response.headers_mut();
        if self.code.status() == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Postroom\""));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// RFC 6749, 5.1: nobody between keeps what holds a token, or says why there is none.
pub(crate) const NOT_KEPT: [(axum::http::HeaderName, &str); 2] =
    [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_errors_is_this() {
        let list: Vec<String> =
            Code::ALL.iter().map(|code| format!("{} {}", code.status().as_u16(), code.as_str())).collect();
        insta::assert_snapshot!("errors", list.join("\n"));
    }

    #[test]
    fn an_answer_of_401_says_how_to_prove_oneself_and_503_when_to_come_back() {
        let refused = Refusal::new(Code::InvalidClient, "x").into_response();
        assert_eq!(refused.headers()[WWW_AUTHENTICATE], "Basic realm=\"Postroom\"");
        assert_eq!(refused.headers()[CACHE_CONTROL], "no-store");
        let later = Refusal::new(Code::TemporarilyUnavailable, "x").into_response();
        assert_eq!(later.headers()[RETRY_AFTER], "5");
    }
}
