//! The page of a person's passkeys: add, name and remove them. Only for who proved lately who they are.

use access::{Passkey, PasskeyRefusal};
use askama::Template;
use axum::{extract::State, http::StatusCode};
use domain::{PasskeyId, Timestamp};

use crate::{
    frame::{Answer, Error, Frame, Notice, Person, Posted, Section, Site, ago, prove_first, see_other, show},
    pages::passkey_form::{question, told},
};

const HERE: &str = "/settings/passkeys";

#[derive(Template)]
#[template(path = "passkeys.html")]
struct Page {
    frame: Frame,
    now: Timestamp,
    passkeys: Vec<Passkey>,
    /// The name of the site that passkeys are for.
    site: String,
    /// What the next one could be called.
    suggested: String,
    error: &'static str,
}

impl Page {
    async fn of(site: &Site, person: &Person, error: &'static str) -> Result<Self, Error> {
        Ok(Self {
            frame: person.frame(Section::Settings),
            now: site.now(),
            passkeys: site.access.passkey_list(&person.signed_in).await?,
            site: site.access.passkey_site().ok_or(Error::NotFound)?,
            suggested: site.access.passkey_name(&person.browser),
            error,
        })
    }

    fn ago(&self, then: &Timestamp) -> String {
        ago(self.now, *then)
    }
}

pub(super) async fn look(State(site): State<Site>, person: Person) -> Answer {
    person.proven(&site, HERE)?;
    show(&Page::of(&site, &person, "").await?)
}

pub(super) async fn ask(State(site): State<Site>, form: Posted) -> Answer {
    match site.access.passkey_add_begin(&form.person.signed_in).await {
        Ok(asked) => Ok(question(&asked)),
        Err(PasskeyRefusal::NotProven) => Ok(prove_first(HERE)),
        Err(PasskeyRefusal::TooMany) => Ok(told(StatusCode::CONFLICT, TOO_MANY)),
        Err(PasskeyRefusal::Unavailable(error)) => Err(error.into()),
        Err(_) => Err(Error::NotFound),
    }
}

pub(super) async fn add(State(site): State<Site>, form: Posted) -> Answer {
    let Posted { person, fields } = form;
    let (code, answer, name) = (fields.secret("code"), fields.raw("answer"), fields.text("name"));
    let added = site.access.passkey_add(&person.signed_in, &code, answer, name, &person.browser).await;
    let error = match added {
        Ok(_) => return Ok(see_other(HERE, Some(Notice::PasskeyAdded))),
        Err(PasskeyRefusal::Known) => "That passkey was added before.",
        Err(PasskeyRefusal::TooMany) => TOO_MANY,
        Err(PasskeyRefusal::Unavailable(error)) => return Err(error.into()),
        Err(_) => "That passkey could not be added: this page may have stood open too long. Try again.",
    };
    again(&site, &person, error).await
}

pub(super) async fn rename(State(site): State<Site>, form: Posted) -> Answer {
    let Posted { person, fields } = form;
    let id = PasskeyId::from_text(fields.text("passkey"));
    if !site.access.passkey_rename(&person.signed_in, &id, fields.text("name")).await? {
        return Err(Error::NotFound);
    }
    Ok(see_other(HERE, Some(Notice::PasskeyRenamed)))
}

pub(super) async fn remove(State(site): State<Site>, form: Posted) -> Answer {
    let Posted { person, fields } = form;
    let id = PasskeyId::from_text(fields.text("passkey"));
    match site.access.passkey_remove(&person.signed_in, &id).await {
        Ok(()) => Ok(see_other(HERE, Some(Notice::PasskeyRemoved))),
        Err(PasskeyRefusal::NotProven) => Ok(prove_first(HERE)),
        Err(PasskeyRefusal::LastWay) => {
            let error = "This passkey stays: it is the only way in that you have. Add another one, or set a password, first.";
            again(&site, &person, error).await
        }
        Err(PasskeyRefusal::Unavailable(error)) => Err(error.into()),
        Err(_) => Err(Error::NotFound),
    }
}

const TOO_MANY: &str = "You have as many passkeys as anybody may have here. Remove one first.";

async fn again(site: &Site, person: &Person, error: &'static str) -> Answer {
    let mut response = show(&Page::of(site, person, error).await?)?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}
