//! The people of this server, for its administrators: who there is, and inviting. For everybody else these pages
//! are not there. One person is in `admin/person.rs`, what is kept in `admin/kept.rs`, how the server is in
//! `admin/health.rs`.

mod health;
mod kept;
mod person;

use access::{Invitation, Occasion, PersonInNumbers, Purpose, Signup};
use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use domain::{InvitationId, Secret, Timestamp};

use crate::frame::{
    Admin, Answer, Fields, Frame, Notice, Person, PostedByAdmin, Section, Site, ago, day, prove_first,
    see_other, show, until,
};

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/admin", get(look))
        .route("/admin/invitations", post(invite))
        .route("/admin/invitations/withdraw", post(withdraw))
        .merge(person::routes())
        .merge(kept::routes())
        .merge(health::routes())
}

/// What a link is for that lets in another administrator.
const ADMIN: Purpose = Purpose::Invite { is_admin: true };

/// Characters of a note.
const LONGEST_NOTE: usize = 100;

/// Someone in the list.
struct Row {
    name: String,
    since: String,
    seen: String,
    ways: String,
    accounts: u64,
    agents: u64,
    is_admin: bool,
    is_disabled: bool,
    is_going: bool,
    is_self: bool,
    has_codes: bool,
}

impl Row {
    fn of(told: PersonInNumbers, person: &Person, now: Timestamp) -> Self {
        Self {
            is_self: told.user.id == person.signed_in.user.id,
            since: day(told.user.created),
            seen: told.last_seen.map_or_else(|| "never".to_owned(), |seen| ago(now, seen)),
            ways: ways(&told),
            accounts: told.accounts,
            agents: told.agents,
            is_admin: told.user.is_admin,
            is_disabled: told.user.is_disabled,
            is_going: told.removal.is_some(),
            has_codes: told.has_codes,
            name: told.user.name,
        }
    }
}

/// How somebody signs in, in words.
fn ways(told: &PersonInNumbers) -> String {
    let many = |count: u64, one: &str, many: &str| match count {
        0 => None,
        1 => Some(one.to_owned()),
        count => Some(format!("{count} {many}")),
    };
    let ways = [
        told.has_password.then(|| "password".to_owned()),
        many(told.passkeys, "passkey", "passkeys"),
        told.has_codes.then(|| "codes of an app".to_owned()),
        many(told.identities, "another provider", "other providers"),
    ];
    let ways: Vec<String> = ways.into_iter().flatten().collect();
    if ways.is_empty() { "nothing yet".to_owned() } else { ways.join(", ") }
}

#[derive(Template)]
#[template(path = "admin.html")]
struct Page {
    frame: Frame,
    now: Timestamp,
    users: Vec<Row>,
    invitations: Vec<Invitation>,
    signup: Signup,
    note: String,
    note_error: &'static str,
}

impl Page {
    async fn of(site: &Site, person: &Person) -> Result<Self, access::Error> {
        let now = site.now();
        let people = site.access.people().await?.into_iter();
        Ok(Self {
            frame: person.frame(Section::Admin),
            now,
            users: people.map(|told| Row::of(told, person, now)).collect(),
            invitations: site.access.invitation_list().await?,
            signup: site.access.settings().signup,
            note: String::new(),
            note_error: "",
        })
    }

    fn until(&self, then: &Timestamp) -> String {
        until(self.now, *then)
    }
}

/// A link that is shown once.
#[derive(Template)]
#[template(path = "admin_link.html")]
struct LinkPage {
    frame: Frame,
    link: Secret,
    /// Whose password it sets; absent for a new person.
    reset_of: Option<String>,
    is_admin: bool,
    note: String,
    ends: String,
}

async fn look(State(site): State<Site>, Admin(person): Admin) -> Answer {
    show(&Page::of(&site, &person).await?)
}

async fn invite(State(site): State<Site>, form: PostedByAdmin) -> Answer {
    let PostedByAdmin { person, fields } = form;
    let is_admin = fields.has("is_admin");
    // who is let in stays, so this is not for a session that was left open
    if !site.access.is_proven(&person.signed_in, &Occasion::Change) {
        return Ok(prove_first("/admin"));
    }
    let note = fields.text("note");
    if note.chars().count() > LONGEST_NOTE || note.chars().any(char::is_control) {
        let note = note.chars().take(LONGEST_NOTE).collect();
        let note_error = "Write at most 100 characters.";
        let mut response = show(&Page { note, note_error, ..Page::of(&site, &person).await? })?;
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(response);
    }
    let made = site.access.invitation_new(person.name(), is_admin, note).await?;
    show_link(&site, &person, made)
}

fn show_link(site: &Site, person: &Person, (invitation, code): (Invitation, Secret)) -> Answer {
    let link = Secret::new(format!("{}/invite/{}", site.public_url(), code.expose()));
    let (reset_of, is_admin) = match invitation.purpose {
        Purpose::Reset { user } => (Some(user), false),
        Purpose::Invite { is_admin } => (None, is_admin),
        Purpose::Setup => (None, true),
    };
    let ends = until(site.now(), invitation.expires);
    let frame = person.frame(Section::Admin);
    show(&LinkPage { frame, link, reset_of, is_admin, note: invitation.note, ends })
}

async fn withdraw(State(site): State<Site>, form: PostedByAdmin) -> Answer {
    let PostedByAdmin { person, fields } = form;
    let id = InvitationId::from_text(fields.text("invitation"));
    let was_there = site.access.invitation_withdraw(&person.signed_in, &id).await?;
    let notice = if was_there { Notice::InvitationWithdrawn } else { Notice::NothingToDo };
    Ok(see_other("/admin", Some(notice)))
}

fn name(fields: &Fields) -> String {
    fields.text("name").to_owned()
}

#[cfg(test)]
mod tests;
