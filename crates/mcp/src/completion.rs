//! Completion of arguments while a person types: accounts, folders, keywords.
//!
//! What takes a look into the mailbox is a call of the tool that may look there, so that scopes, limits,
//! rates and the audit trail hold; whatever fails completes to nothing. What came of it is kept for a minute,
//! so that typing costs one call and not one a keystroke.

mod kept;

use std::collections::BTreeSet;

use domain::{Principal, Scope};
use rmcp::{
    RoleServer,
    model::{CompleteRequestParams, CompletionInfo, JsonObject, Reference},
    service::RequestContext,
};
use serde_json::{Value, json};
use tokio::time::Instant;

pub(crate) use self::kept::Looks;
use self::kept::Question;
use crate::{prompts, resources, server::Server, tools};

/// Keywords that mail programs agree on (IANA's registry, and what is seen everywhere).
const KEYWORDS: &[&str] = &[
    "$FollowUp",
    "$Forwarded",
    "$Important",
    "$Junk",
    "$Label1",
    "$Label2",
    "$Label3",
    "$Label4",
    "$Label5",
    "$MDNSent",
    "$NotJunk",
    "$Phishing",
    "$Submitted",
];

/// Rows whose keywords are looked at.
const ROWS: usize = 100;

/// Values that begin with what was typed, in any case. An error names what cannot be completed.
pub(crate) async fn complete(
    server: &Server,
    request: CompleteRequestParams,
    context: &RequestContext<RoleServer>,
    principal: &Principal,
) -> Result<CompletionInfo, &'static str> {
    let argument = request.argument.name.as_str();
    let is_known = match &request.r#ref {
        Reference::Prompt(prompt) => {
            prompts::find(&prompt.name, principal).map(|prompt| prompt.takes(argument))
        }
        Reference::Resource(resource) => resources::form(&resource.uri, principal)
            .map(|form| form.template.contains(&format!("{{{argument}}}"))),
        _ => None,
    };
    match is_known {
        None => return Err("there is no such prompt or resource template for this grant"),
        Some(false) => return Err("it has no argument of that name"),
        Some(true) => {}
    }
    let given = |name: &str| {
        let arguments = request.context.as_ref()?.arguments.as_ref()?;
        arguments.get(name).filter(|value| !value.is_empty()).map(|value| json!(value))
    };
    let mut arguments = JsonObject::new();
    arguments.extend(given("account").map(|account| ("account".to_owned(), account)));
    let values = match argument {
        "account" => principal.accounts.iter().map(|granted| granted.name.to_string()).collect(),
        "folder" if principal.may(Scope::Folders) => {
            arguments.insert("counts".to_owned(), json!(false));
            look(server, "mail_folders", arguments, context, principal, folders).await
        }
        "keyword" if principal.may(Scope::Search) => {
            arguments.insert("limit".to_owned(), json!(ROWS));
            arguments.extend(given("folder").map(|folder| ("folder".to_owned(), folder)));
            look(server, "mail_search", arguments, context, principal, keywords).await
        }
        _ => Vec::new(),
    };
    Ok(matching(values, &request.argument.value))
}

/// What a tool answers, or answered a moment ago; nothing if it does not.
async fn look(
    server: &Server,
    tool: &'static str,
    arguments: JsonObject,
    context: &RequestContext<RoleServer>,
    principal: &Principal,
    of: fn(&Value) -> Vec<String>,
) -> Vec<String> {
    let question = Question::new(tool, &arguments, principal);
    if let Some(values) = server.looks().recall(&question, Instant::now()) {
        return values;
    }
    let Some(entry) = tools::find(tool) else { return Vec::new() };
    match server.call(entry, arguments, context, principal).await.answer() {
        Some(answer) => {
            let values = of(&answer);
            server.looks().keep(question, values.clone(), Instant::now());
            values
        }
        None => of(&Value::Null),
    }
}

/// Each folder by its role, and by its path.
fn folders(answer: &Value) -> Vec<String> {
    let folders = answer["folders"].as_array().into_iter().flatten();
    let (mut roles, mut paths) = (Vec::new(), Vec::new());
    for folder in folders {
        roles.extend(folder["role"].as_str().map(|role| format!("@{role}")));
        paths.extend(folder["folder"].as_str().map(str::to_owned));
    }
    roles.extend(paths);
    roles
}

/// The known keywords, and those that were seen.
fn keywords(answer: &Value) -> Vec<String> {
    let flags = answer["messages"].as_array().into_iter().flatten();
    let flags = flags.flat_map(|row| row["flags"].as_array().into_iter().flatten()).filter_map(Value::as_str);
    let seen = flags.filter(|flag| !flag.starts_with('\\')).map(str::to_owned);
    KEYWORDS.iter().map(|keyword| (*keyword).to_owned()).chain(seen).collect()
}

fn matching(values: Vec<String>, typed: &str) -> CompletionInfo {
    let typed = typed.to_lowercase();
    let mut seen = BTreeSet::new();
    let mut values: Vec<String> = values
        .into_iter()
        .filter(|value| value.to_lowercase().starts_with(&typed) && seen.insert(value.to_lowercase()))
        .collect();
    let total = values.len();
    values.truncate(CompletionInfo::MAX_VALUES);
    let has_more = total > values.len();
    CompletionInfo::with_pagination(values, u32::try_from(total).ok(), has_more).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_begins_a_value_in_any_case_and_doubles_are_one() {
        let values = ["Work", "work", "Wörter", "away"].map(str::to_owned).to_vec();
        assert_eq!(matching(values.clone(), "wO").values, ["Work"]);
        assert_eq!(matching(values, "").total, Some(3));
    }

    #[test]
    fn at_most_a_hundred_values_are_given_and_all_are_counted() {
        let given = matching((0..150).map(|n| format!("f{n}")).collect(), "f");
        assert_eq!((given.values.len(), given.total, given.has_more), (100, Some(150), Some(true)));
    }

    #[test]
    fn a_folder_goes_by_role_and_by_path_and_flags_of_the_protocol_are_no_keywords() {
        let answer = json!({"folders": [{"folder": "INBOX", "role": "inbox"}, {"folder": "Taxes"}]});
        assert_eq!(folders(&answer), ["@inbox", "INBOX", "Taxes"]);
        assert_eq!(folders(&Value::Null), Vec::<String>::new());
        let answer = json!({"messages": [{"flags": ["\\Seen", "Later"]}, {}]});
        assert!(keywords(&answer).ends_with(&["Later".to_owned()]));
        assert_eq!(keywords(&Value::Null).len(), KEYWORDS.len());
    }
}
