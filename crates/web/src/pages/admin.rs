//! The people of this server, for its administrators: who there is, inviting, shutting out, and links for those
//! who forgot their password. For everybody else this page is not there.

use access::{Invitation, Purpose, Signup};
use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use domain::{InvitationId, Secret, Timestamp};

use crate::frame::{
    Admin, Answer, Fields, Frame, Notice, Person, PostedByAdmin, Section, Site, day, see_other, show, until,
};

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/admin", get(look))
        .route("/admin/invitations", post(invite))
        .route("/admin/invitations/withdraw", post(withdraw))
        .route("/admin/users/reset", post(reset))
        .route("/admin/users/disable", post(disable))
        .route("/admin/users/enable", post(enable))
}

/// What a link is for that lets in another administrator.
const ADMIN: Purpose = Purpose::Invite { is_admin: true };

/// Characters of a note.
const LONGEST_NOTE: usize = 100;

/// Someone in the list.
struct Row {
    name: String,
    since: String,
    is_admin: bool,
    is_disabled: bool,
    is_self: bool,
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
        let row = |user: access::User| Row {
            is_self: user.id == person.signed_in.user.id,
            name: user.name,
            since: day(user.created),
            is_admin: user.is_admin,
            is_disabled: user.is_disabled,
        };
        Ok(Self {
            frame: person.frame(Section::Admin),
            now: site.now(),
            users: site.access.user_list().await?.into_iter().map(row).collect(),
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
    let note = fields.text("note");
    if note.chars().count() > LONGEST_NOTE || note.chars().any(char::is_control) {
        let note = note.chars().take(LONGEST_NOTE).collect();
        let note_error = "Write at most 100 characters.";
        let mut response = show(&Page { note, note_error, ..Page::of(&site, &person).await? })?;
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(response);
    }
    let made = site.access.invitation_new(person.name(), fields.has("is_admin"), note).await?;
    show_link(&site, &person, made)
}

async fn reset(State(site): State<Site>, form: PostedByAdmin) -> Answer {
    let PostedByAdmin { person, fields } = form;
    let made = site.access.reset_new(person.name(), &name(&fields)).await?;
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

async fn disable(State(site): State<Site>, form: PostedByAdmin) -> Answer {
    let PostedByAdmin { person, fields } = form;
    let name = name(&fields);
    if name == person.name() {
        return Ok(see_other("/admin", Some(Notice::NotYourself)));
    }
    site.access.user_disable_by(&person.signed_in, &name, true).await?;
    Ok(see_other("/admin", Some(Notice::UserDisabled)))
}

async fn enable(State(site): State<Site>, form: PostedByAdmin) -> Answer {
    let PostedByAdmin { person, fields } = form;
    site.access.user_disable_by(&person.signed_in, &name(&fields), false).await?;
    Ok(see_other("/admin", Some(Notice::UserEnabled)))
}

fn name(fields: &Fields) -> String {
    fields.text("name").to_owned()
}

#[cfg(test)]
mod tests;
