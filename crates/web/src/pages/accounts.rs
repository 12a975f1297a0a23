//! Mailboxes: the person's accounts with how they are doing, tested, made the default. Adding, editing and
//! removing one have a page each.

mod edit;
mod form;
mod new;
mod remove;
mod shown;

use access::Account;
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, HeaderName},
    response::IntoResponse as _,
    routing::{get, post},
};
use domain::{AccountName, account::Service};
use engine::trial::Trial;

use self::shown::ShownServer;
use crate::frame::{Answer, Error, Frame, Notice, Person, Posted, Section, Site, Tone, see_other, show};

const HX_REQUEST: HeaderName = HeaderName::from_static("hx-request");

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/accounts", get(list))
        .route("/accounts/new", get(new::page).post(new::add))
        .route("/accounts/new/provider", post(new::provider))
        .route("/accounts/new/port", get(form::port))
        .route("/accounts/{name}", get(edit::page).post(edit::save))
        .route("/accounts/{name}/test", post(test))
        .route("/accounts/{name}/default", post(make_default))
        .route("/accounts/{name}/remove", get(remove::page).post(remove::remove))
}

/// One account on a card.
struct Card {
    name: String,
    path: String,
    address: String,
    reads_from: String,
    sends_through: Option<String>,
    is_default: bool,
    state: &'static str,
    tone: &'static str,
    hint: String,
    trial: Vec<ShownServer>,
}

#[derive(Template)]
#[template(path = "accounts/list.html")]
struct Page {
    frame: Frame,
    cards: Vec<Card>,
}

/// What became of a test, in its place on the card, and the badge anew.
#[derive(Template)]
#[template(path = "accounts/tested.html")]
struct Part {
    name: String,
    state: &'static str,
    tone: &'static str,
    trial: Vec<ShownServer>,
}

async fn list(State(site): State<Site>, person: Person) -> Answer {
    let accounts = site.access.account_list(person.name()).await?;
    let cards = accounts.iter().map(|account| card(&site, account)).collect();
    show(&Page { frame: person.frame(Section::Accounts), cards })
}

fn card(site: &Site, account: &Account) -> Card {
    let (state, hint) = site.engine.last_state(&account.id);
    let (state, tone) = state_in_words(&state);
    let settings = &account.settings;
    Card {
        name: account.name.to_string(),
        path: path_of(&account.name),
        address: settings.address.clone(),
        reads_from: settings.imap.host.clone(),
        sends_through: settings.smtp.as_ref().map(|smtp| smtp.host.clone()),
        is_default: account.is_default,
        state,
        tone: if tone == Tone::Warn { "neutral" } else { tone.class() },
        hint,
        trial: Vec::new(),
    }
}

/// The state of an account as the engine names it, in words.
fn state_in_words(state: &str) -> (&'static str, Tone) {
    match state {
        "ok" => ("Works", Tone::Ok),
        "unknown" => ("Not checked yet", Tone::Warn),
        "account_auth_failed" => ("Sign-in refused", Tone::Bad),
        "account_unreachable" => ("Cannot be reached", Tone::Bad),
        "tls_failed" => ("Not secure", Tone::Bad),
        "timeout" => ("No answer", Tone::Bad),
        _ => ("Trouble", Tone::Bad),
    }
}

async fn test(
    State(site): State<Site>,
    Path(name): Path<String>,
    headers: HeaderMap,
    posted: Posted,
) -> Answer {
    let person = posted.person;
    let account = find(&site, &person, &name).await?;
    site.access.count_trial(&person.signed_in.user.id)?;
    let trial = shown::servers(&site.engine.try_account(&account.id).await?);
    if headers.contains_key(HX_REQUEST) {
        let Card { name, state, tone, .. } = card(&site, &account);
        return show(&Part { name, state, tone, trial });
    }
    let accounts = site.access.account_list(person.name()).await?;
    let mut cards: Vec<Card> = accounts.iter().map(|account| card(&site, account)).collect();
    if let Some(card) = cards.iter_mut().find(|card| card.name == account.name.as_str()) {
        card.trial = trial;
    }
    show(&Page { frame: person.frame(Section::Accounts), cards })
}

async fn make_default(State(site): State<Site>, Path(name): Path<String>, posted: Posted) -> Answer {
    let account = find(&site, &posted.person, &name).await?;
    site.access.account_default(posted.person.name(), &account.name).await?;
    Ok(see_other("/accounts", Some(Notice::AccountDefault)))
}

/// The person's account of that name.
async fn find(site: &Site, person: &Person, name: &str) -> Result<Account, Error> {
    let name: AccountName = name.parse().map_err(|_| Error::NotFound)?;
    Ok(site.access.account(person.name(), &name).await?)
}

/// Where an account's page is: also of one that is called like a page of ours.
fn path_of(name: &AccountName) -> String {
    match name.as_str() {
        "new" => "/accounts/%6eew".to_owned(),
        name => format!("/accounts/{name}"),
    }
}

/// The page with what is wrong in its form.
fn again(page: &impl Template) -> Answer {
    let page = show(page)?;
    Ok((axum::http::StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// What a trial of two servers says above a form.
fn headline(trial: &Trial) -> &'static str {
    let failed =
        |service: Service| trial.servers().any(|server| server.service == service && !server.is_ok());
    match (failed(Service::Imap), failed(Service::Smtp)) {
        (true, true) => "Neither server let us in. Nothing was saved.",
        (true, false) => "The server for reading mail did not let us in. Nothing was saved.",
        (false, true) => "Reading works, but the server for sending did not let us in. Nothing was saved.",
        (false, false) => "Both servers let us in.",
    }
}

#[cfg(test)]
mod cards;
#[cfg(test)]
mod tests;
