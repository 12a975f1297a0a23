//! What the layout shows around a page, and how a page becomes an answer.

use askama::Template;
use axum::{
    http::{
        HeaderValue, StatusCode, Uri,
        header::{CONTENT_TYPE, LOCATION},
    },
    response::{IntoResponse as _, Response},
};

use super::{
    error::{Answer, Error},
    files,
    local::{encode, query_value},
    notice::Notice,
};

/// The part of the site that a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// The home page.
    Home,
    /// What waits for the person's yes.
    Approvals,
    /// Mail on its way out.
    Outbox,
    /// What agents did.
    Activity,
    /// Mailboxes.
    Accounts,
    /// Agents.
    Agents,
    /// How to connect one.
    Connect,
    /// The person's own settings.
    Settings,
    /// The server's people.
    Admin,
    /// None of them.
    Outside,
}

/// What the layout shows around a page: every template has one as its field `frame`.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// The name of who is signed in.
    pub(crate) user: Option<String>,
    /// Whether they administrate the server.
    pub(crate) is_admin: bool,
    /// The value of the hidden field `csrf` of every form.
    pub(crate) csrf: String,
    /// The part of the site.
    pub(crate) here: Section,
    /// What was done on the page before.
    pub(crate) notice: Option<Notice>,
    /// How many messages wait for the person's answer.
    pub(crate) waiting: u64,
}

impl Frame {
    /// Around a page for nobody in particular.
    pub(crate) fn outside() -> Self {
        Self {
            user: None,
            is_admin: false,
            csrf: String::new(),
            here: Section::Outside,
            notice: None,
            waiting: 0,
        }
    }

    /// The attribute of the link of that section.
    pub(crate) fn current(&self, name: &str) -> &'static str {
        let here = match self.here {
            Section::Home => "home",
            Section::Approvals => "approvals",
            Section::Outbox => "outbox",
            Section::Activity => "activity",
            Section::Accounts => "accounts",
            Section::Agents => "agents",
            Section::Connect => "connect",
            Section::Settings => "settings",
            Section::Admin => "admin",
            Section::Outside => "",
        };
        if here == name { "page" } else { "false" }
    }

    /// The path of a file in `static/`.
    #[expect(clippy::unused_self, reason = "templates reach files through their frame")]
    pub(crate) fn file(&self, name: &str) -> &'static str {
        files::path(name)
    }
}

/// The notice that a query names.
pub(crate) fn notice_of(uri: &Uri) -> Option<Notice> {
    query_value(uri.query()?, "done").and_then(|code| Notice::of(&code))
}

/// The page as an answer.
pub(crate) fn show(page: &impl Template) -> Answer {
    let html = page.render().map_err(Error::Drawing)?;
    Ok(([(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], html).into_response())
}

/// Leads to where the person proves anew who they are, and from there to `next`, a path of ours.
pub(crate) fn prove_first(next: &str) -> Response {
    see_other(&format!("/prove?next={}", encode(next)), None)
}

/// Leads to another page of this server with 303, which says there what was done.
pub(crate) fn see_other(path: &str, notice: Option<Notice>) -> Response {
    let mut path = path.to_owned();
    if let Some(notice) = notice {
        path.push(if path.contains('?') { '&' } else { '?' });
        path.push_str("done=");
        path.push_str(notice.code());
    }
    // a path that no header can hold leads home
    let location = HeaderValue::from_str(&path).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response()
}
