//! Adding a mailbox: an address and a password are enough where the servers can be found. Nothing is stored
//! before both servers took the sign-in.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use domain::{
    AccountName, AccountSettings, Credentials,
    account::{Credential, SmtpPassword, Typed, is_address},
};
use engine::suggest::{Found, Provider, SignIn, Suggestion, provider_of, provider_of_host, providers};

use super::{
    again,
    form::{Servers, is_plain},
    headline,
    shown::{self, ShownServer},
};
use crate::frame::{
    Answer, Error, Frame, Next, Notice, Person, Posted, Section, Site, query_value, see_other, show,
};

#[derive(Template)]
#[template(path = "accounts/new.html")]
struct Page {
    frame: Frame,
    address: String,
    name: String,
    display_name: String,
    servers: Servers,
    are_servers_open: bool,
    /// How the servers that stand in the form were found.
    found: &'static str,
    provider: Option<ShownProvider>,
    providers: Vec<ShownProvider>,
    headline: &'static str,
    trial: Vec<ShownServer>,
    /// Where the person came from, such as an agent that asks to be let in.
    next: Next,
}

/// What to know of a provider.
struct ShownProvider {
    name: &'static str,
    hint: &'static str,
    help: &'static str,
    tone: &'static str,
}

/// That alone, below the address.
#[derive(Template)]
#[template(path = "accounts/provider.html")]
struct ProviderPart {
    provider: Option<ShownProvider>,
}

fn shown_provider(provider: Provider) -> ShownProvider {
    let Provider { name, sign_in, hint, help } = provider;
    let tone = match sign_in {
        SignIn::Oauth => "bad",
        SignIn::AppPassword | SignIn::BridgePassword => "warn",
        SignIn::Password => "",
    };
    ShownProvider { name, hint, help, tone }
}

impl Page {
    fn empty(frame: Frame) -> Self {
        Self {
            frame,
            address: String::new(),
            name: String::new(),
            display_name: String::new(),
            servers: Servers::default(),
            are_servers_open: false,
            found: "",
            provider: None,
            providers: providers().map(shown_provider).collect(),
            headline: "",
            trial: Vec::new(),
            next: Next::default(),
        }
    }

    fn take(&mut self, found: &Suggestion) {
        self.found = match found.found {
            Found::Domain | Found::Exchanger => "These are the servers of your provider.",
            Found::Service => "These servers are named by your address's domain.",
            Found::Answering => "These servers answer at the usual names of your address's domain.",
            Found::Guess => {
                "Nothing is known of this domain: these are only the usual names. Ask your provider."
            }
        };
        self.provider = found.provider.map(shown_provider);
    }
}

/// The form.
pub(super) async fn page(person: Person, RawQuery(query): RawQuery) -> Answer {
    let next = Next::of(&query_value(&query.unwrap_or_default(), "next").unwrap_or_default());
    show(&Page { next, ..Page::empty(person.frame(Section::Accounts)) })
}

/// What to know of the provider of the address that was just typed.
pub(super) async fn provider(posted: Posted) -> Answer {
    let known = provider_of(posted.fields.text("address")).and_then(|known| known.provider);
    show(&ProviderPart { provider: known.map(shown_provider) })
}

/// Finds the servers, tries them, and stores the account if both took the sign-in.
pub(super) async fn add(State(site): State<Site>, posted: Posted) -> Answer {
    let Posted { person, fields } = posted;
    let mut page = Page::empty(person.frame(Section::Accounts));
    page.servers = Servers::read(&fields);
    page.next = Next::of(fields.raw("next"));
    fields.text("address").clone_into(&mut page.address);
    page.name = fields.text("name").chars().take(64).collect();
    fields.text("display_name").clone_into(&mut page.display_name);
    let is_only_looking = fields.text("do") == "find";
    if !is_address(&page.address) {
        page.address = page.address.chars().take(320).collect();
        page.servers.wrong("address", "Enter your mail address, such as “ann@example.org”.");
        return again(&page);
    }
    let typed = page.servers.passwords(&fields);
    if typed.imap.is_none() && !is_only_looking {
        page.servers.wrong("password", "Enter the password of the mailbox.");
    }
    let name = wanted_name(&mut page);
    let servers_are_missing =
        page.servers.imap.host.is_empty() || (page.servers.smtp.host.is_empty() && !page.servers.reads_only);
    if is_only_looking || (servers_are_missing && page.servers.is_right()) {
        site.access.count_trial(&person.signed_in.user.id)?;
        if let Some(found) = site.engine.suggest(&page.address).await {
            if is_only_looking {
                page.servers.imap.host.clear();
                page.servers.smtp.host.clear();
            }
            page.servers.complete(&found);
            page.take(&found);
        }
    } else {
        page.provider = provider_of_host(&page.servers.imap.host).map(shown_provider);
    }
    if is_only_looking {
        page.are_servers_open = true;
        return show(&page);
    }
    let endpoints = page.servers.endpoints(&page.address);
    let (Some(name), Some((imap, smtp)), Some(credentials)) =
        (name, endpoints, credentials(&mut page, typed))
    else {
        page.are_servers_open = page.servers.has_errors();
        return again(&page);
    };
    let settings = AccountSettings {
        address: page.address.clone(),
        display_name: page.display_name.clone(),
        imap,
        smtp,
        allowed_folders: Vec::new(),
        signature: String::new(),
        writing_style: String::new(),
    };
    store(&site, &person, page, &name, &settings, &credentials).await
}

async fn store(
    site: &Site,
    person: &Person,
    mut page: Page,
    name: &AccountName,
    settings: &AccountSettings,
    credentials: &Credentials,
) -> Result<Response, Error> {
    let accounts = site.access.account_list(person.name()).await?;
    if accounts.iter().any(|account| account.name == *name) {
        page.servers.wrong("name", format!("You have a mailbox “{name}” already: choose another name."));
        return again(&page);
    }
    site.access.count_trial(&person.signed_in.user.id)?;
    let trial = site.engine.try_servers(settings, credentials).await;
    if !trial.is_ok() {
        page.headline = headline(&trial);
        page.trial = shown::servers(&trial);
        page.are_servers_open = true;
        return again(&page);
    }
    match site.access.account_add(person.name(), name, settings, credentials).await {
        Ok(account) => {
            site.engine.remember_trial(&account.id, &trial).await;
            // With the first mailbox there, an agent is what is missing.
            let usual = if accounts.is_empty() { "/connect" } else { "/accounts" };
            let next = if page.next.as_str().is_empty() { usual } else { page.next.path() };
            Ok(see_other(next, Some(Notice::AccountAdded)))
        }
        Err(access::Error::AccountTaken(_)) => {
            page.servers.wrong("name", format!("You have a mailbox “{name}” already: choose another name."));
            again(&page)
        }
        Err(error) => Err(error.into()),
    }
}

/// The name that agents use, made from the address if none was typed.
fn wanted_name(page: &mut Page) -> Option<AccountName> {
    if !is_plain(&page.display_name) || page.display_name.chars().count() > AccountSettings::MAX_DISPLAY_NAME
    {
        let most = AccountSettings::MAX_DISPLAY_NAME;
        page.servers.wrong("display_name", format!("At most {most} characters, all on one line."));
    }
    if page.name.is_empty() {
        return Some(AccountName::from_address(&page.address));
    }
    let name = page.name.to_ascii_lowercase().parse::<AccountName>();
    if name.is_err() {
        page.name = page.name.chars().take(64).collect();
        page.servers.wrong("name", "1 to 32 of a-z, 0-9, _ and -, and not “all”.");
    }
    name.ok()
}

fn credentials(page: &mut Page, typed: Typed) -> Option<Credentials> {
    let smtp = match typed.smtp {
        SmtpPassword::Own(None) if !page.servers.reads_only => {
            page.servers.wrong("smtp_password", "Enter the password for sending.");
            None
        }
        SmtpPassword::Own(own) if !page.servers.reads_only => own,
        SmtpPassword::Own(_) | SmtpPassword::SameAsImap => None,
    };
    let imap = typed.imap.filter(|_| page.servers.is_right())?;
    Some(Credentials { imap: Credential::Password(imap), smtp: smtp.map(Credential::Password) })
}
