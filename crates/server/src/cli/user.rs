//! `postroom user`: people with a sign-in here.

use std::time::Duration;

use access::{Access, Invitation, User};
use clap::Subcommand;
use domain::Secret;
use serde_json::{Value, json};

use super::instant;
use crate::{
    config::Config,
    error::{Error, Result},
    terminal::{ask_at_terminal, print, print_json, print_table, read_new_password, say},
    wire,
};

/// Seconds in which a person is gone.
const GONE_WITHIN: u32 = 60;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add a user; the first one is an administrator
    Add {
        /// The user's name: a-z, 0-9, `.`, `_` and `-`
        name: String,
        /// Let them administrate the server
        #[arg(long)]
        admin: bool,
        /// Take the password from stdin
        #[arg(long)]
        password_stdin: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List all users
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let nothing in in a user's name any more
    Disable {
        /// The user's name
        name: String,
    },
    /// Take `disable` back
    Enable {
        /// The user's name
        name: String,
    },
    /// Delete a user with everything that is theirs
    Delete {
        /// The user's name
        name: String,
        /// Do not ask at the terminal
        #[arg(long)]
        yes: bool,
    },
    /// Give a user another password
    Passwd {
        /// The user's name
        name: String,
        /// Take the password from stdin
        #[arg(long)]
        password_stdin: bool,
    },
    /// Make a link by which somebody becomes a user, once, within a week
    Invite {
        /// Let them administrate the server
        #[arg(long)]
        admin: bool,
        /// Whom it is for, to tell it from others in the list
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        note: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a link by which a user sets another password, once, within a day
    Reset {
        /// The user's name
        name: String,
        /// Ask them for no one-time codes any more, since they have lost everything that makes them
        #[arg(long)]
        end_codes: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: &Command, config: &Config) -> Result<()> {
    let store = wire::open_store(config).await?;
    let access = wire::access(config, &store);
    match command {
        Command::Add { name, admin, password_stdin, json } => {
            let password = read_new_password(*password_stdin, name)?;
            let user = access.user_add(name, *admin, &password).await?;
            if *json {
                print_json(&show(&user));
            } else {
                let role = if user.is_admin { ", an administrator" } else { "" };
                print(format_args!("added user {}{role}", user.name));
            }
        }
        Command::List { json } => {
            let users = access.user_list().await?;
            if *json {
                print_json(&users.iter().map(show).collect());
            } else if users.is_empty() {
                say(
                    "there is no user yet; `postroom user add NAME` adds one, or the link that `serve` prints",
                );
            } else {
                let heading = ["NAME", "ROLE", "STATE", "SINCE"].map(str::to_owned).to_vec();
                let row = |user: &User| {
                    let role = if user.is_admin { "administrator" } else { "user" };
                    let state = if user.is_disabled { "disabled" } else { "active" };
                    vec![user.name.clone(), role.to_owned(), state.to_owned(), instant(user.created)]
                };
                print_table(&std::iter::once(heading).chain(users.iter().map(row)).collect::<Vec<_>>());
            }
        }
        Command::Disable { name } => {
            access.user_disable(name).await?;
            print(format_args!("disabled user {name}"));
        }
        Command::Enable { name } => {
            access.user_enable(name).await?;
            print(format_args!("enabled user {name}"));
        }
        Command::Delete { name, yes } => {
            if !*yes && !has_user_typed(name)? {
                return Err(Error::Broken(format!("`{name}` was not typed; nothing was deleted")));
            }
            access.user_remove(name).await?;
            say(format_args!("{name} is shut out; deleting what is theirs"));
            wait_until_gone(&access, name).await?;
            print(format_args!("deleted user {name}"));
        }
        Command::Passwd { name, password_stdin } => {
            let password = read_new_password(*password_stdin, name)?;
            access.user_passwd(name, &password).await?;
            print(format_args!("changed the password of {name}"));
        }
        Command::Invite { admin, note, json } => {
            let made = access.invitation_new("", *admin, note).await;
            let (invitation, code) = made.map_err(|error| match error {
                // the person to ask about that is the one who runs this command
                access::Error::SignupClosed => Error::setting(
                    "`POSTROOM_SIGNUP` is `off`: a link would let nobody in",
                    "Set it to `invite`, or make the user with `postroom user add NAME`.",
                ),
                error => error.into(),
            })?;
            let role = if *admin { "an administrator" } else { "a user" };
            let what = format!("makes whoever opens it {role}");
            show_link(config, &what, &invitation, &code, *json);
        }
        Command::Reset { name, end_codes, json } => {
            let (invitation, code) = access.reset_new("", name).await?;
            if *end_codes {
                access.codes_end_of(name).await?;
            }
            let what = format!("sets another password for {name} and ends their sessions");
            show_link(config, &what, &invitation, &code, *json);
        }
    }
    access.flush().await;
    store.close().await;
    Ok(())
}

/// Asks for the name, since nothing of what goes comes back.
fn has_user_typed(name: &str) -> Result<bool> {
    let question = format!(
        "This deletes {name} with all mailboxes, agents, activity and mail on its way. Mail at providers stays.\n\
         Type {name} to go on: "
    );
    Ok(ask_at_terminal(&question, "--yes")? == name)
}

/// Goes on with the removal until it is done. A message that is being handed over holds it up for as long as it
/// is not known how that ends; a server that runs goes on then, and so does the next call of this.
async fn wait_until_gone(access: &Access, name: &str) -> Result<()> {
    for _ in 0..GONE_WITHIN {
        let went = access.removals_go_on().await?;
        if !access.has_user(name).await? {
            return Ok(());
        }
        if let Some(error) = went.failed {
            return Err(error.into());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Err(Error::Broken(format!(
        "a message of {name} is still being handed over; run this again in a few minutes"
    )))
}

/// Prints a link, as the last line, so that a script can take it.
fn show_link(config: &Config, what: &str, invitation: &Invitation, code: &Secret, is_json: bool) {
    let base = config.network.public_url(config.network.listen);
    let link = format!("{}/invite/{}", base.as_str(), code.expose());
    let expires = instant(invitation.expires);
    if is_json {
        print_json(&json!({ "id": invitation.id.as_str(), "link": link, "expires": expires }));
    } else {
        say(format_args!("The link {what}. It works once, until {expires}, and is shown only now:"));
        print(link);
    }
}

fn show(user: &User) -> Value {
    json!({
        "name": user.name,
        "admin": user.is_admin,
        "disabled": user.is_disabled,
        "created": instant(user.created),
    })
}
