//! One mailbox: what agents are told about it, what stands below their messages, its servers. A stored password
//! is never shown, and is typed again before it goes to another server.

use access::Account;
use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{
    AccountSettings,
    account::{PasswordNeeded, Service, SmtpPassword, Typed},
};
use engine::trial::Untried;

use super::{
    again, find,
    form::{Servers, is_plain},
    headline, path_of,
    shown::{self, ShownServer},
};
use crate::frame::{Answer, Error, Frame, Notice, Person, Posted, Section, Site, see_other, show};

#[derive(Template)]
#[template(path = "accounts/edit.html")]
struct Page {
    frame: Frame,
    name: String,
    path: String,
    address: String,
    is_default: bool,
    display_name: String,
    signature: String,
    writing_style: String,
    allowed_folders: String,
    servers: Servers,
    are_servers_open: bool,
    headline: &'static str,
    trial: Vec<ShownServer>,
    most_signature: usize,
    most_style: usize,
}

fn page_of(person: &Person, account: &Account) -> Page {
    let settings = &account.settings;
    Page {
        frame: person.frame(Section::Accounts),
        name: account.name.to_string(),
        path: path_of(&account.name),
        address: settings.address.clone(),
        is_default: account.is_default,
        display_name: settings.display_name.clone(),
        signature: settings.signature.clone(),
        writing_style: settings.writing_style.clone(),
        allowed_folders: settings.allowed_folders.join("\n"),
        servers: Servers::of(settings, account.has_smtp_password),
        are_servers_open: false,
        headline: "",
        trial: Vec::new(),
        most_signature: AccountSettings::MAX_SIGNATURE,
        most_style: AccountSettings::MAX_WRITING_STYLE,
    }
}

/// The form.
pub(super) async fn page(State(site): State<Site>, Path(name): Path<String>, person: Person) -> Answer {
    let account = find(&site, &person, &name).await?;
    show(&page_of(&person, &account))
}

/// Saves what was changed; servers and passwords only after they were tried.
pub(super) async fn save(State(site): State<Site>, Path(name): Path<String>, posted: Posted) -> Answer {
    let Posted { person, fields } = posted;
    let account = find(&site, &person, &name).await?;
    let mut page = page_of(&person, &account);
    page.servers = Servers::read(&fields);
    let text = |name: &str| fields.raw(name).replace("\r\n", "\n");
    fields.text("display_name").clone_into(&mut page.display_name);
    text("signature").trim_end().clone_into(&mut page.signature);
    text("writing_style").trim().clone_into(&mut page.writing_style);
    page.allowed_folders = text("allowed_folders");
    let typed = page.servers.passwords(&fields);
    let Some(settings) = settings_of(&mut page, &account.settings) else {
        page.are_servers_open = page.servers.has_errors();
        return again(&page);
    };
    if is_only_words(&account, &settings, &typed) {
        site.access.account_edit(person.name(), &account.name, &settings, &typed).await?;
        return Ok(done(&site, &account));
    }
    site.access.count_trial(&person.signed_in.user.id)?;
    let trial = match site.engine.try_changed(&account.id, &settings, &typed).await {
        Ok(trial) => trial,
        Err(Untried::PasswordNeeded(needed)) => return password_needed(page, needed),
        Err(Untried::Problem(problem)) => return Err(problem.into()),
    };
    if !trial.is_ok() {
        page.headline = headline(&trial);
        page.trial = shown::servers(&trial);
        page.are_servers_open = true;
        return again(&page);
    }
    match site.access.account_edit(person.name(), &account.name, &settings, &typed).await {
        Ok(_) => {
            let response = done(&site, &account);
            site.engine.remember_trial(&account.id, &trial).await;
            Ok(response)
        }
        // the account was changed between the trial and this
        Err(access::Error::PasswordNeeded(needed)) => password_needed(page, needed),
        Err(error) => Err(error.into()),
    }
}

/// Whether neither a server nor a password changes.
fn is_only_words(account: &Account, new: &AccountSettings, typed: &Typed) -> bool {
    let keeps_passwords = match typed.smtp {
        SmtpPassword::SameAsImap => !account.has_smtp_password || new.smtp.is_none(),
        SmtpPassword::Own(None) => account.has_smtp_password,
        SmtpPassword::Own(Some(_)) => false,
    };
    typed.imap.is_none()
        && keeps_passwords
        && account.settings.imap == new.imap
        && account.settings.smtp == new.smtp
}

fn done(site: &Site, account: &Account) -> Response {
    site.engine.let_go(&account.id);
    see_other(&path_of(&account.name), Some(Notice::AccountChanged))
}

fn password_needed(mut page: Page, needed: PasswordNeeded) -> Result<Response, Error> {
    let (field, what) = match needed.0 {
        Service::Imap => (
            "password",
            "Type the password again: a stored one is only ever shown to the server and user name it was typed for.",
        ),
        Service::Smtp => (
            "smtp_password",
            "Type the password for sending again: a stored one is only ever shown to the server and user name it was \
             typed for.",
        ),
    };
    page.servers.wrong(field, what);
    page.are_servers_open = true;
    again(&page)
}

fn settings_of(page: &mut Page, old: &AccountSettings) -> Option<AccountSettings> {
    let most = [
        ("display_name", page.display_name.as_str(), AccountSettings::MAX_DISPLAY_NAME),
        ("signature", page.signature.as_str(), AccountSettings::MAX_SIGNATURE),
        ("writing_style", page.writing_style.as_str(), AccountSettings::MAX_WRITING_STYLE),
    ];
    for (field, text, most) in most {
        let count = text.chars().count();
        if count > most {
            page.servers.wrong(field, format!("At most {most} characters; these are {count}."));
        }
    }
    if !is_plain(&page.display_name) {
        page.servers.wrong("display_name", "A name stands on one line.");
    }
    let folders: Vec<String> = page
        .allowed_folders
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect();
    if folders.len() > AccountSettings::MAX_ALLOWED_FOLDERS {
        let most = AccountSettings::MAX_ALLOWED_FOLDERS;
        page.servers.wrong("allowed_folders", format!("At most {most} folders."));
    }
    if let Some(odd) = folders.iter().find(|folder| !is_plain(folder)) {
        let shown: String = odd.chars().filter(|c| !c.is_control()).take(40).collect();
        page.servers.wrong("allowed_folders", format!("“{shown}” is too long for the name of a folder."));
    }
    let endpoints = page.servers.endpoints(&old.address);
    let (imap, smtp) = endpoints.filter(|_| page.servers.is_right())?;
    Some(AccountSettings {
        address: old.address.clone(),
        display_name: page.display_name.clone(),
        imap,
        smtp,
        allowed_folders: folders,
        signature: page.signature.clone(),
        writing_style: page.writing_style.clone(),
    })
}
