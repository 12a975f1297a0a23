//! `postroom token`: bearers for agents, each a grant of its own.

use access::{NewToken, Token};
use clap::Subcommand;
use domain::{
    AccountName, ApprovalPlace, ApprovalRule, Grant, GrantedAccounts, Limits, Scope, Scopes,
    account::is_address,
};
use serde_json::{Value, json};

use super::instant;
use crate::{
    config::Config,
    error::Result,
    terminal::{print, print_json, print_table, say, visible},
    wire,
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a token; it is shown once, as the last word printed
    New {
        /// Whose mail it gives access to
        #[arg(long, value_name = "NAME")]
        user: String,
        /// The label that it is listed and revoked by
        #[arg(long, value_name = "LABEL")]
        name: String,
        /// What it allows, such as "mail:folders mail:search mail:read"; `mail:` may be left out
        #[arg(long, value_parser = Scopes::parse)]
        scopes: Scopes,
        /// The accounts that it reaches, with commas; all, later ones too, if not given
        #[arg(long, value_name = "NAMES", value_delimiter = ',')]
        accounts: Option<Vec<AccountName>>,
        /// How long it lives, such as 90d or 12h; until revoked if not given
        #[arg(long, value_name = "TIME", value_parser = read_lifetime)]
        expires: Option<time::Duration>,
        /// When its person is asked before mail leaves: always, new-recipients, after-strangers or never; as
        /// POSTROOM_APPROVAL says if not given
        #[arg(long, value_name = "RULE")]
        approval: Option<ApprovalRule>,
        /// Where they answer: page, or client for a program of their own
        #[arg(long, value_name = "PLACE")]
        approval_place: Option<ApprovalPlace>,
        /// The only recipients besides their own addresses, with commas: addresses, or *@example.org for a
        /// whole domain
        #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = read_recipient)]
        recipients: Vec<String>,
        /// Messages that it may send in an hour [default: 30]
        #[arg(long, value_name = "N")]
        sends_per_hour: Option<u32>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List a user's tokens
    List {
        /// Whose
        #[arg(long, value_name = "NAME")]
        user: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End a token at once
    Revoke {
        /// Its label
        #[arg(value_name = "LABEL")]
        name: String,
        /// Whose
        #[arg(long, value_name = "NAME")]
        user: String,
    },
}

fn read_lifetime(text: &str) -> Result<time::Duration, String> {
    access::parse_duration(text).map_err(|error| format!("{error}. {}", error.hint()))
}

fn read_recipient(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    let is_domain = text.strip_prefix("*@").is_some_and(|domain| is_address(&format!("a@{domain}")));
    if is_domain || (is_address(text) && !text.contains('*')) {
        Ok(text.to_owned())
    } else {
        Err("expected an address such as `bob@example.org`, or `*@example.org` for a whole domain")
    }
}

pub(super) async fn run(command: &Command, config: &Config) -> Result<()> {
    let store = wire::open_store(config).await?;
    let access = wire::access(config, &store);
    match command {
        Command::New {
            user,
            name,
            scopes,
            accounts,
            expires,
            approval,
            approval_place,
            recipients,
            sends_per_hour,
            json,
        } => {
            let new = NewToken {
                label: name.clone(),
                scopes: *scopes,
                accounts: accounts.clone(),
                lifetime: *expires,
                limits: Limits {
                    approval: Some(approval.unwrap_or(config.agents.approval)),
                    approval_place: *approval_place,
                    recipients: recipients.clone(),
                    sends_per_hour: *sends_per_hour,
                    ..Limits::default()
                },
            };
            let (grant, bearer) = access.token_new(user, &new).await?;
            if *json {
                let mut shown = show(&grant, None);
                if let Value::Object(shown) = &mut shown {
                    shown.insert("token".to_owned(), bearer.expose().into());
                }
                print_json(&shown);
            } else {
                let until =
                    grant.expires.map_or("until revoked".to_owned(), |at| format!("until {}", instant(at)));
                say(format_args!("{}: {} in {}, {until}", grant.label, grant.scopes, accounts_of(&grant)));
                if grant.scopes.has(Scope::Send) {
                    say(format_args!("sending: {}", sending_of(&grant)));
                }
                say("The token is shown only now:");
                print(bearer.expose());
            }
        }
        Command::List { user, json } => {
            let tokens = access.token_list(user).await?;
            if *json {
                print_json(&tokens.iter().map(|token| show(&token.grant, Some(token))).collect());
            } else if tokens.is_empty() {
                say(format_args!("{user} has no token; `postroom token new` makes one"));
            } else {
                let heading = ["LABEL", "SCOPES", "ACCOUNTS", "SENDING", "EXPIRES", "LAST USED"]
                    .map(str::to_owned)
                    .to_vec();
                let row = |token: &Token| {
                    let Token { grant, last_used } = token;
                    let or_never = |at: Option<_>| at.map_or("never".to_owned(), instant);
                    let scopes = grant.scopes.to_string().replace("mail:", "");
                    vec![
                        grant.label.clone(),
                        scopes.replace(' ', ","),
                        accounts_of(grant),
                        if grant.scopes.has(Scope::Send) { sending_of(grant) } else { "-".to_owned() },
                        or_never(grant.expires),
                        or_never(*last_used),
                    ]
                };
                print_table(&std::iter::once(heading).chain(tokens.iter().map(row)).collect::<Vec<_>>());
            }
        }
        Command::Revoke { name, user } => {
            access.token_revoke(user, name).await?;
            print(format_args!("revoked {name}"));
        }
    }
    access.flush().await;
    store.close().await;
    Ok(())
}

fn accounts_of(grant: &Grant) -> String {
    match &grant.accounts {
        GrantedAccounts::All => "all accounts".to_owned(),
        GrantedAccounts::Only(names) => names.iter().map(AccountName::as_str).collect::<Vec<_>>().join(", "),
    }
}

/// The limits of what leaves, in a few words.
fn sending_of(grant: &Grant) -> String {
    let Limits { approval, approval_place, recipients, sends_per_hour, .. } = &grant.limits;
    let mut words = vec![format!("asks {}", approval.unwrap_or_default().as_str())];
    if *approval_place == Some(ApprovalPlace::Client) {
        words.push("in the client".to_owned());
    }
    match recipients.as_slice() {
        [] => {}
        [one] => words.push(format!("only to {}", visible(one))),
        many => words.push(format!("only to {} recipients", many.len())),
    }
    words.extend(sends_per_hour.map(|count| format!("{count} an hour")));
    words.join("; ")
}

fn show(grant: &Grant, token: Option<&Token>) -> Value {
    let mut shown = json!({
        "label": grant.label,
        "scopes": grant.scopes.iter().map(domain::Scope::as_str).collect::<Vec<_>>(),
        "accounts": match &grant.accounts {
            GrantedAccounts::All => Value::from("all"),
            GrantedAccounts::Only(names) => names.iter().map(AccountName::as_str).collect(),
        },
        "created": instant(grant.created),
        "expires": grant.expires.map(instant),
        "approval": grant.limits.approval.unwrap_or_default().as_str(),
        "approval_place": grant.limits.approval_place.unwrap_or_default().as_str(),
        "recipients": grant.limits.recipients,
        "sends_per_hour": grant.limits.sends_per_hour,
    });
    if let (Value::Object(shown), Some(token)) = (&mut shown, token) {
        shown.insert("last_used".to_owned(), token.last_used.map(instant).into());
    }
    shown
}
