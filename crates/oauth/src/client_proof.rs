//! How a client says who it is at the token endpoint and at revocation: HTTP Basic, secret in the form, or its
//! id alone (RFC 6749, 2.3). Whether that is true is decided in `access`.

use access::{AuthMethod, ClientProof};
use axum::http::{HeaderMap, header::AUTHORIZATION};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::{ClientId, Secret};

use crate::{
    error::{Code, Refusal},
    parameters::Parameters,
};

/// Octets of an Authorization header.
const MAX_HEADER: usize = 8 << 10;

/// What a request says about its client.
pub(crate) fn of(headers: &HeaderMap, form: &Parameters) -> Result<ClientProof, Refusal> {
    let invalid = |why| Err(Refusal::new(Code::InvalidRequest, why));
    let mut sent = headers.get_all(AUTHORIZATION).iter();
    let basic = match (sent.next(), sent.next()) {
        (None, _) => None,
        (Some(header), None) => {
            let unreadable = || {
                Refusal::new(Code::InvalidClient, "the Authorization header is not Basic with id and secret")
            };
            Some(header.to_str().ok().and_then(basic).ok_or_else(unreadable)?)
        }
        (Some(_), Some(_)) => return invalid("more than one Authorization header"),
    };
    let named = form.one("client_id");
    match (basic, form.secret("client_secret")) {
        (Some(_), Some(_)) => invalid("the client proves itself twice, in the header and in the form"),
        (Some((id, _)), None) if named.is_some_and(|named| named != id) => {
            invalid("the client has one id in the header and another in the form")
        }
        (Some((id, secret)), None) => {
            // an empty secret is how some public clients fill in Basic
            let method = if secret.is_empty() { AuthMethod::None } else { AuthMethod::Basic };
            let secret = Some(secret).filter(|secret| !secret.is_empty());
            Ok(ClientProof { client: ClientId::from_text(id), secret, method })
        }
        (None, secret) => {
            let id = named.ok_or(Refusal::new(Code::InvalidClient, "the client does not say who it is"))?;
            let method = if secret.is_some() { AuthMethod::Post } else { AuthMethod::None };
            Ok(ClientProof { client: ClientId::from_text(id), secret, method })
        }
    }
}

/// Id and secret, each form-urlencoded before they were joined (RFC 6749, 2.3.1).
fn basic(header: &str) -> Option<(String, Secret)> {
    if header.len() > MAX_HEADER {
        return None;
    }
    let (scheme, encoded) = header.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = Secret::new(String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?);
    let (id, secret) = decoded.expose().split_once(':')?;
    let id = form_decoded(id)?;
    if id.is_empty() { None } else { Some((id, Secret::new(form_decoded(secret)?))) }
}

fn form_decoded(text: &str) -> Option<String> {
    // `&` and `=` cannot stand in an encoded value; as they are, they would end it
    if text.contains(['&', '=']) {
        return None;
    }
    let mut pairs = url::form_urlencoded::parse(text.as_bytes());
    Some(pairs.next().map(|(name, _)| name.into_owned()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn proof(header: Option<&str>, form: &str) -> Result<ClientProof, Code> {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(AUTHORIZATION, HeaderValue::from_str(header).unwrap());
        }
        of(&headers, &Parameters::parse(form.as_bytes()).unwrap()).map_err(|refusal| refusal.code())
    }

    fn basic_of(joined: &str) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(joined))
    }

    /// RFC 6749, 2.3.1: both parts are form-urlencoded.
    #[test]
    fn basic_parts_are_form_urlencoded() {
        let proof = proof(Some(&basic_of("https%3A%2F%2Fa.example%2Fc:s%2Be+c%25")), "").unwrap();
        assert_eq!(proof.client.as_str(), "https://a.example/c");
        assert_eq!(proof.secret, Some(Secret::new("s+e c%")));
        assert_eq!(proof.method, AuthMethod::Basic);
    }

    #[test]
    fn the_secret_may_stand_in_the_form_or_be_missing() {
        let post = proof(None, "client_id=c&client_secret=s").unwrap();
        assert_eq!((post.method, post.secret), (AuthMethod::Post, Some(Secret::new("s"))));
        let public = proof(None, "client_id=c").unwrap();
        assert_eq!((public.method, public.secret), (AuthMethod::None, None));
        let empty = proof(Some(&basic_of("c:")), "client_id=c").unwrap();
        assert_eq!((empty.method, empty.secret), (AuthMethod::None, None));
    }

    /// RFC 6749, 2.3: not more than one method in a request.
    #[test]
    fn a_client_must_not_prove_itself_twice() {
        let twice = proof(Some(&basic_of("c:s")), "client_id=c&client_secret=s");
        assert_eq!(twice.unwrap_err(), Code::InvalidRequest);
        let other = proof(Some(&basic_of("c:s")), "client_id=d");
        assert_eq!(other.unwrap_err(), Code::InvalidRequest);
    }

    #[test]
    fn a_client_that_does_not_say_who_it_is_is_none() {
        for (header, form) in [
            (None, ""),
            (None, "client_secret=s"),
            (Some("Bearer abc".to_owned()), "client_id=c"),
            (Some("Basic".to_owned()), ""),
            (Some("Basic !!!".to_owned()), ""),
            (Some(basic_of("no-colon")), ""),
            (Some(basic_of(":s")), ""),
            (Some(basic_of("c&d:s")), ""),
            (Some(format!("Basic {}", BASE64_STANDARD.encode([0xff, b':', b'x']))), ""),
            (Some(basic_of(&format!("c:{}", "x".repeat(9000)))), ""),
        ] {
            assert_eq!(proof(header.as_deref(), form).unwrap_err(), Code::InvalidClient, "{header:?} {form}");
        }
    }
}
