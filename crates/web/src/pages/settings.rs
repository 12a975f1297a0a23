//! The person's own settings: their password, their passkeys, and the browsers in which they are signed in.

mod passkeys;

use access::{Passkey, PasswordRefusal, SignInRefusal, WebSession};
use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    routing::{get, post},
};
use domain::{Timestamp, WebSessionId};

use crate::{
    frame::{Answer, Frame, Notice, Person, Posted, Section, Site, ago, clear_session, day, see_other, show},
    pages::{codes::CodesCard, login::too_many, upstream::ProviderCard},
};

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/settings", get(look))
        .route("/settings/password", post(change_password))
        .route("/settings/passkeys", get(passkeys::look).post(passkeys::add))
        .route("/settings/passkeys/begin", post(passkeys::ask))
        .route("/settings/passkeys/rename", post(passkeys::rename))
        .route("/settings/passkeys/remove", post(passkeys::remove))
        .route("/settings/sessions/end", post(end_session))
        .route("/settings/sessions/end-others", post(end_others))
}

#[derive(Template)]
#[template(path = "settings.html")]
struct Page {
    frame: Frame,
    now: Timestamp,
    name: String,
    since: String,
    sessions: Vec<WebSession>,
    own: WebSessionId,
    passkeys: Vec<Passkey>,
    /// Whether this server's address is one that passkeys can be for.
    has_passkeys: bool,
    has_password: bool,
    codes: CodesCard,
    provider: ProviderCard,
    old_error: String,
    password_error: &'static str,
}

impl Page {
    async fn of(site: &Site, person: &Person) -> Result<Self, access::Error> {
        Ok(Self {
            frame: person.frame(Section::Settings),
            now: site.now(),
            name: person.name().to_owned(),
            since: day(person.signed_in.user.created),
            sessions: site.access.web_session_list(&person.signed_in).await?,
            own: person.signed_in.session.clone(),
            passkeys: site.access.passkey_list(&person.signed_in).await?,
            has_passkeys: site.access.passkey_site().is_some(),
            has_password: site.access.ways(&person.signed_in).await?.has_password,
            codes: CodesCard::of(site, person).await?,
            provider: ProviderCard::of(site, person).await?,
            old_error: String::new(),
            password_error: "",
        })
    }

    fn ago(&self, then: &Timestamp) -> String {
        ago(self.now, *then)
    }

    /// How a session was opened, in words; empty for one of a way that is not known.
    #[expect(clippy::unused_self, reason = "templates reach it through their page")]
    fn way(&self, way: &str) -> &'static str {
        match way {
            "password" => "with your password",
            "code" => "with your password and a code",
            "recovery" => "with your password and a recovery code",
            "passkey" => "with a passkey",
            "oidc" => "by your other provider",
            "link" => "by a link",
            _ => "",
        }
    }
}

async fn look(State(site): State<Site>, person: Person) -> Answer {
    show(&Page::of(&site, &person).await?)
}

async fn change_password(State(site): State<Site>, form: Posted) -> Answer {
    let Posted { person, fields } = form;
    let (old, new) = (fields.secret("old"), fields.secret("password"));
    let mut page = Page::of(&site, &person).await?;
    let mut wait = None;
    let changed = if page.has_password {
        site.access.password_change(&person.signed_in, &old, &new, &person.browser).await
    } else {
        person.proven(&site, "/settings")?;
        site.access.password_set_first(&person.signed_in, &new).await
    };
    let status = match changed {
        Ok(()) => return Ok(see_other("/settings", Some(Notice::PasswordChanged))),
        Err(PasswordRefusal::Old(SignInRefusal::Wrong)) => {
            "That is not your current password.".clone_into(&mut page.old_error);
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Err(PasswordRefusal::Old(SignInRefusal::TooMany(seconds))) => {
            page.old_error = too_many(seconds);
            wait = Some(seconds);
            StatusCode::TOO_MANY_REQUESTS
        }
        Err(PasswordRefusal::New(access::Error::BadPassword)) => {
            page.password_error = "Use 8 to 1,024 characters.";
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Err(PasswordRefusal::Old(SignInRefusal::Unavailable(error)) | PasswordRefusal::New(error)) => {
            return Err(error.into());
        }
    };
    let mut response = show(&page)?;
    *response.status_mut() = status;
    if let Some(seconds) = wait {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

async fn end_session(State(site): State<Site>, form: Posted) -> Answer {
    let Posted { person, fields } = form;
    let session = WebSessionId::from_text(fields.text("session"));
    if session == person.signed_in.session {
        site.access.sign_out(&person.signed_in).await?;
        return Ok(clear_session(&site, see_other("/login", Some(Notice::SignedOut))));
    }
    let has_ended = site.access.web_session_end(&person.signed_in, &session).await?;
    let notice = if has_ended { Notice::SessionEnded } else { Notice::NothingToDo };
    Ok(see_other("/settings", Some(notice)))
}

async fn end_others(State(site): State<Site>, form: Posted) -> Answer {
    site.access.web_sessions_end_others(&form.person.signed_in).await?;
    Ok(see_other("/settings", Some(Notice::SessionsEnded)))
}

#[cfg(test)]
mod tests;
