//! One waiting message as its person sees it before they answer, on the terminal and as JSON.

use access::Outgoing;
use domain::{Address, ApprovalReason};
use engine::approval::{Letter, Recipient};
use serde_json::{Value, json};

use super::{
    super::instant,
    shown::{field, quoted},
};

/// Longest text that is shown, in characters.
const MAX_TEXT: usize = 20_000;

/// The message as it will go out: all of the envelope, nothing of it cut. Without a letter it is kept no
/// longer.
pub(super) fn page(message: &Outgoing, letter: Option<&Letter>) -> String {
    let frozen = &message.frozen;
    let mut lines = Vec::new();
    let mut add = |label: &str, value: &str| lines.extend(field(label, value));
    add("approval", &id_of(message));
    add("agent", &format!("{} of {}", message.client, message.user));
    add("account", message.account_name.as_str());
    if let Some(letter) = letter {
        add_header(message, letter, &mut add);
    } else {
        add("from", &frozen.from);
        let count = frozen.recipients.len();
        for (number, address) in (1..).zip(&frozen.recipients) {
            add("recipient", &format!("{address} ({number} of {count})"));
        }
        add("subject", &frozen.subject);
    }
    add("size", &format!("{} octets", frozen.size));
    if let Some(approval) = &message.approval {
        for reason in &approval.reasons {
            add("because", &reason.to_string());
        }
        add("state", &format!("{}, until {}", approval.state.as_str(), instant(approval.expires)));
    }
    if message.due > message.created {
        add("leaves", &instant(message.due));
    }
    let Some(letter) = letter else {
        add("text", "is kept no longer");
        return joined(&lines);
    };
    for unshown in &letter.unshown {
        add("not shown", &format!("{unshown}; `--raw` has it"));
    }
    add_text(&mut lines, "text", "what it says:", &letter.text);
    if let Some(html) = &letter.html_text {
        add_text(&mut lines, "html", "what its HTML form says, in other words:", html);
    }
    joined(&lines)
}

fn joined(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

fn add_header(message: &Outgoing, letter: &Letter, add: &mut impl FnMut(&str, &str)) {
    for from in &letter.from {
        add("from", &named(&from.email, &from.name));
    }
    let sender = &message.frozen.from;
    if letter.from.is_empty() || letter.from.iter().any(|from| !from.email.eq_ignore_ascii_case(sender)) {
        add("sender", &format!("{sender} (of the envelope)"));
    }
    let count = message.frozen.recipients.len();
    for recipient in &letter.recipients {
        add(recipient.field.unwrap_or("unnamed"), &told(recipient, count));
    }
    for address in &letter.reply_to {
        add("reply-to", &format!("{} (answers go there)", named(&address.email, &address.name)));
    }
    add("subject", &letter.subject);
    for file in &letter.files {
        let is_inline = if file.is_inline { ", within the text" } else { "" };
        add("file", &format!("{}, {}, {} octets{is_inline}", file.name, file.media_type, file.size));
    }
}

fn told(recipient: &Recipient, count: usize) -> String {
    let Recipient { field, address, name, number } = recipient;
    let note = match (field, number) {
        (_, None) => " DOES NOT GET IT: it only stands in this field",
        (None, _) => " GETS IT although no field names it",
        (Some("bcc"), _) => " hidden from all others",
        _ => "",
    };
    let number = number.filter(|_| count > 1).map(|number| format!(" ({number} of {count})"));
    named(&format!("{address}{}{note}", number.unwrap_or_default()), name)
}

/// The address first: a name can say anything.
fn named(address: &str, name: &str) -> String {
    if name.is_empty() { address.to_owned() } else { format!("{address} \"{name}\"") }
}

fn add_text(lines: &mut Vec<String>, label: &str, about: &str, text: &str) {
    let text = text.trim_end();
    if text.is_empty() {
        return lines.extend(field(label, "none"));
    }
    lines.extend(field(label, about));
    let cut = text.char_indices().nth(MAX_TEXT).map_or(text.len(), |(at, _)| at);
    lines.extend(quoted(text.get(..cut).unwrap_or_default()));
    let left = text.get(cut..).unwrap_or_default().chars().count();
    if left > 0 {
        lines.extend(field(
            "",
            &format!("and {left} more characters; `postroom approval show --raw` has all"),
        ));
    }
}

/// The message without what it says, for a list.
pub(super) fn describe(message: &Outgoing) -> Value {
    let frozen = &message.frozen;
    let approval = message.approval.as_ref();
    let reasons = approval.map(|asked| asked.reasons.iter().map(ApprovalReason::told).collect::<Vec<_>>());
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
        "reasons": reasons,
        "send_at": instant(message.due),
        "created": instant(message.created),
        "expires": approval.map(|approval| instant(approval.expires)),
    })
}

/// The message with what it says, nothing cut.
pub(super) fn describe_whole(message: &Outgoing, letter: &Letter) -> Value {
    let address = |Address { name, email }: &Address| json!({ "address": email, "name": name });
    let of_field = |field: Option<&str>| -> Vec<Value> {
        let those = letter.recipients.iter().filter(|recipient| recipient.field == field);
        let tell = |it: &Recipient| json!({ "address": it.address, "name": it.name, "gets_it": it.number.is_some() });
        those.map(tell).collect()
    };
    let mut value = describe(message);
    let more = json!({
        "header_from": letter.from.iter().map(address).collect::<Vec<_>>(),
        "to": of_field(Some("to")),
        "cc": of_field(Some("cc")),
        "bcc": of_field(Some("bcc")),
        "unnamed": of_field(None),
        "reply_to": letter.reply_to.iter().map(address).collect::<Vec<_>>(),
        "subject": letter.subject,
        "attachments": letter.files.iter().map(|file| json!({
            "index": file.index,
            "name": file.name,
            "type": file.media_type,
            "size": file.size,
            "inline": file.is_inline,
        })).collect::<Vec<_>>(),
        "text": letter.text,
        "html_text": letter.html_text,
        "not_shown": letter.unshown,
    });
    if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
        value.extend(more);
    }
    value
}

pub(super) fn id_of(message: &Outgoing) -> String {
    message.approval.as_ref().map(|approval| approval.id.to_string()).unwrap_or_default()
}
