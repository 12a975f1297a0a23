//! `postroom approval`: messages that wait for their person, and the answer.
//!
//! Approving asks at the controlling terminal itself, whatever stdin and stdout are: an agent that runs
//! commands without one cannot say yes. What is shown is in `page`, made harmless by `shown`.

mod page;
mod shown;

use std::{
    fs::{File, OpenOptions},
    io::{BufRead as _, BufReader, IsTerminal as _, Read as _, Write as _},
};

use access::{Access, Decision, Outgoing};
use clap::Subcommand;
use domain::{ApprovalId, Code, Problem};
use engine::{
    approval::{Letter, read},
    outbox::stored_form,
};
use serde_json::Value;
use storage::OutgoingState;

use self::{
    page::{describe, describe_whole, id_of, page},
    shown::{escaped, shown},
};
use super::instant;
use crate::{
    config::Config,
    error::{Error, Result},
    terminal::{print, print_table, say},
    wire,
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List what waits
    List {
        /// Of this user alone
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one message as it will leave: sender, all recipients, files, text, and why it waits
    Show {
        /// The approval, as `list` names it
        #[arg(value_name = "ID")]
        id: String,
        /// Only if it is this user's
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// Write the message as it is stored, with its Bcc field
        #[arg(long, conflicts_with = "json")]
        raw: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let one message leave; asks at the terminal
    Approve {
        /// The approval, as `list` names it
        #[arg(value_name = "ID")]
        id: String,
        /// Only if it is this user's
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Do not let one message leave
    Deny {
        /// The approval, as `list` names it
        #[arg(value_name = "ID")]
        id: String,
        /// Only if it is this user's
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: &Command, config: &Config) -> Result<()> {
    let store = wire::open_store(config).await?;
    let access = wire::access(config, &store);
    let done = match command {
        Command::List { user, json } => list(user.as_deref(), *json, &access).await,
        Command::Show { id, user, raw, json } => show(id, user.as_deref(), (*raw, *json), &access).await,
        Command::Approve { id, user, json } => approve(id, user.as_deref(), *json, &access).await,
        Command::Deny { id, user, json } => deny(id, user.as_deref(), *json, &access).await,
    };
    access.flush().await;
    store.close().await;
    done
}

async fn list(user: Option<&str>, json: bool, access: &Access) -> Result<()> {
    let waiting = access.approval_list(user).await?;
    if json {
        print_json(&waiting.iter().map(describe).collect());
    } else if waiting.is_empty() {
        say("nothing waits for an answer");
    } else {
        let heading = ["ID", "USER", "AGENT", "TO", "SUBJECT", "UNTIL"].map(str::to_owned).to_vec();
        let rows = waiting.iter().map(|message| {
            let first = message.frozen.recipients.first().map(|address| shown(address)).unwrap_or_default();
            let more = message.frozen.recipients.len().saturating_sub(1);
            vec![
                id_of(message),
                shown(&message.user),
                shown(&message.client),
                if more == 0 { first } else { format!("{first} +{more}") },
                shown(&message.frozen.subject).chars().take(50).collect(),
                until(message),
            ]
        });
        print_table(&std::iter::once(heading).chain(rows).collect::<Vec<_>>());
    }
    Ok(())
}

async fn show(id: &str, user: Option<&str>, (is_raw, is_json): (bool, bool), access: &Access) -> Result<()> {
    let message = access.approval_find(&ApprovalId::from_text(id), user).await?;
    let stored = stored(&message, access).await?;
    if is_raw {
        let Some(stored) = stored else {
            return Err(Problem::new(Code::NotFound, "what the message said is kept no longer").into());
        };
        let mut out = std::io::stdout().lock();
        if out.is_terminal() {
            // a stranger's octets could redraw it, and answer questions that are asked there
            let told = "the stored form is not written to a terminal, which it could command";
            let hint = format!(
                "Write it to a file: `postroom approval show {} --raw > message.eml`.",
                id_of(&message)
            );
            return Err(Problem::new(Code::NotSupported, told).hint(hint).into());
        }
        // a reader that went away is no fault
        let _ = out.write_all(&stored).and_then(|()| out.flush());
        return Ok(());
    }
    let letter = stored.map(|stored| read(&message, &stored));
    if is_json {
        print_json(&letter.map_or_else(|| describe(&message), |letter| describe_whole(&message, &letter)));
    } else {
        print(page(&message, letter.as_ref()).trim_end());
    }
    Ok(())
}

/// The stored form, if it is what was frozen; nothing if it is kept no longer.
async fn stored(message: &Outgoing, access: &Access) -> Result<Option<Vec<u8>>> {
    let octets = access.approval_octets(message).await?;
    Ok(stored_form(octets, &message.frozen).await?)
}

async fn approve(id: &str, user: Option<&str>, json: bool, access: &Access) -> Result<()> {
    let mut terminal = open_terminal()?;
    let id = ApprovalId::from_text(id);
    let message = access.approval_find(&id, user).await?;
    // of one that was decided before, nothing is asked
    if message.state == OutgoingState::Waiting {
        let Some(stored) = stored(&message, access).await? else {
            let told =
                Problem::new(Code::Conflict, "what the message says is missing: it cannot be approved");
            return Err(told.hint("`postroom approval deny` ends it.").into());
        };
        if ask(&mut terminal, &question(&message, &read(&message, &stored)))? != "yes" {
            return Err(Error::Broken("not approved; the message still waits".to_owned()));
        }
    }
    let message = access.approval_decide(&id, Decision::Approve, "terminal").await?;
    said(&message, "approved", json);
    Ok(())
}

/// The message, and below a long text once more who gets it.
fn question(message: &Outgoing, letter: &Letter) -> String {
    let recipients = &message.frozen.recipients;
    let whom: Vec<String> = recipients.iter().take(5).map(|address| shown(address)).collect();
    let more = match recipients.len().saturating_sub(whom.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let whom = whom.join(", ");
    format!("{}\nLet it leave for {whom}{more}? Type `yes`: ", page(message, Some(letter)))
}

async fn deny(id: &str, user: Option<&str>, json: bool, access: &Access) -> Result<()> {
    let id = ApprovalId::from_text(id);
    access.approval_find(&id, user).await?;
    let message = access.approval_decide(&id, Decision::Deny, "command line").await?;
    said(&message, "denied", json);
    Ok(())
}

fn said(message: &Outgoing, word: &str, json: bool) {
    if json {
        print_json(&describe(message));
    } else {
        print(format_args!("{word} {}", id_of(message)));
    }
}

/// The terminal that this process belongs to.
fn open_terminal() -> Result<File> {
    let opened = OpenOptions::new().read(true).write(true).open("/dev/tty");
    opened.map_err(|_| {
        let hint = "Run this in a terminal of your own. `postroom approval deny` needs none.";
        Problem::new(Code::NotSupported, "approving needs a terminal to ask at, and this process has none")
            .hint(hint)
            .into()
    })
}

fn print_json(value: &Value) {
    print(escaped(&format!("{value:#}")));
}

fn ask(terminal: &mut File, question: &str) -> Result<String> {
    let failed = |source| Error::Io { what: "the terminal cannot be asked", source };
    terminal.write_all(question.as_bytes()).and_then(|()| terminal.flush()).map_err(failed)?;
    let mut line = String::new();
    BufReader::new(terminal).take(100).read_line(&mut line).map_err(failed)?;
    Ok(line.trim().to_owned())
}

fn until(message: &Outgoing) -> String {
    message.approval.as_ref().map(|approval| instant(approval.expires)).unwrap_or_default()
}
