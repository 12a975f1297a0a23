//! `postroom approval`: messages that wait for their person, and the answer.
//!
//! Approving asks at the controlling terminal itself, whatever stdin and stdout are: an agent that runs
//! commands without one cannot say yes.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead as _, BufReader, Read as _, Write as _},
};

use access::{Access, Decision, Outgoing};
use clap::Subcommand;
use domain::{ApprovalId, Code, Problem};
use serde_json::{Value, json};

use super::instant;
use crate::{
    config::Config,
    error::{Error, Result},
    terminal::{print, print_json, print_table, say},
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
    /// Show one message: sender, all recipients, subject, and why it waits
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
    let access = wire::access(&store);
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
    if is_json {
        print_json(&describe(&message));
    } else if is_raw {
        let mut octets = access.approval_octets(&message).await?;
        let mut out = std::io::stdout().lock();
        while let Some(piece) = octets.next().await? {
            // a reader that went away is no fault
            if out.write_all(&piece).is_err() {
                break;
            }
        }
        let _ = out.flush();
    } else {
        print(page(&message).trim_end());
    }
    Ok(())
}

async fn approve(id: &str, user: Option<&str>, json: bool, access: &Access) -> Result<()> {
    let mut terminal = open_terminal()?;
    let id = ApprovalId::from_text(id);
    let message = access.approval_find(&id, user).await?;
    let question = format!("{}\nLet it leave? Type `yes`: ", page(&message));
    if ask(&mut terminal, &question)? != "yes" {
        return Err(Error::Broken("not approved; the message still waits".to_owned()));
    }
    let message = access.approval_decide(&id, Decision::Approve, "terminal").await?;
    said(&message, "approved", json);
    Ok(())
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

fn ask(terminal: &mut File, question: &str) -> Result<String> {
    let failed = |source| Error::Io { what: "the terminal cannot be asked", source };
    terminal.write_all(question.as_bytes()).and_then(|()| terminal.flush()).map_err(failed)?;
    let mut line = String::new();
    BufReader::new(terminal).take(100).read_line(&mut line).map_err(failed)?;
    Ok(line.trim().to_owned())
}

/// The message as its person sees it before they answer: all of the envelope, nothing cut.
fn page(message: &Outgoing) -> String {
    let frozen = &message.frozen;
    let mut lines = vec![
        format!("approval  {}", id_of(message)),
        format!("agent     {} of {}", shown(&message.client), shown(&message.user)),
        format!("account   {}", message.account_name),
        format!("from      {}", shown(&frozen.from)),
    ];
    let count = frozen.recipients.len();
    for (number, address) in (1..).zip(&frozen.recipients) {
        let label = if number == 1 { "to" } else { "" };
        let of = if count > 1 { format!(" ({number} of {count})") } else { String::new() };
        lines.push(format!("{label:<9} {}{of}", shown(address)));
    }
    lines.push(format!("subject   {}", shown(&frozen.subject)));
    lines.push(format!("size      {} octets", frozen.size));
    if let Some(approval) = &message.approval {
        for reason in &approval.reasons {
            lines.push(format!("because   {}", shown(reason)));
        }
        lines.push(format!("state     {}, until {}", approval.state.as_str(), instant(approval.expires)));
    }
    if message.due > message.created {
        lines.push(format!("leaves    {}", instant(message.due)));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn describe(message: &Outgoing) -> Value {
    let frozen = &message.frozen;
    let approval = message.approval.as_ref();
    json!({
        "id": id_of(message),
        "state": approval.map(|approval| approval.state.as_str()),
        "status": message.state.as_str(),
        "user": message.user,
        "agent": message.client,
        "account": message.account_name,
        "from": frozen.from,
        "recipients": frozen.recipients,
        "subject": frozen.subject,
        "size": frozen.size,
        "reasons": approval.map(|approval| &approval.reasons),
        "send_at": instant(message.due),
        "created": instant(message.created),
        "expires": approval.map(|approval| instant(approval.expires)),
    })
}

fn id_of(message: &Outgoing) -> String {
    message.approval.as_ref().map(|approval| approval.id.to_string()).unwrap_or_default()
}

fn until(message: &Outgoing) -> String {
    message.approval.as_ref().map(|approval| instant(approval.expires)).unwrap_or_default()
}

/// A text that an agent or a stranger wrote: whole, and without anything that moves, hides or turns what
/// stands on the terminal.
fn shown(text: &str) -> String {
    let is_unseen = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
            || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}')
    };
    text.chars().map(|c| if is_unseen(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_turns_or_hides_text_reaches_the_terminal_and_nothing_is_cut() {
        let long = "a".repeat(5000);
        assert_eq!(shown(&long), long);
        assert_eq!(shown("a\u{202e}b\u{1b}[2Jc\nd\u{e0041}"), "a\u{fffd}b\u{fffd}[2Jc\u{fffd}d\u{fffd}");
        assert_eq!(shown("Grüße 日本"), "Grüße 日本");
    }
}
