//! Arguments as agents send them, checked against the tool's own input schema.
//!
//! Harmless slips are mended (`"20"` for 20, one id for a list of one, null for absent); everything
//! else is told by the name of the field and what it takes.

use domain::{Code, Problem};
use rmcp::model::JsonObject;
use serde_json::{Value, json};

/// The arguments as the schema wants them.
pub(crate) fn check(tool: &str, schema: &JsonObject, sent: JsonObject) -> Result<JsonObject, Problem> {
    let empty = JsonObject::new();
    let known = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let required = |name: &str| {
        schema.get("required").and_then(Value::as_array).is_some_and(|names| names.iter().any(|n| n == name))
    };
    let mut checked = JsonObject::new();
    for (name, value) in sent {
        let Some(wanted) = known.get(&name).and_then(Value::as_object) else {
            let name: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
            return Err(invalid(format!("`{name}` is no argument of `{tool}`.")).hint(listing(tool, known)));
        };
        if value.is_null() || (value == "" && !required(&name)) {
            continue;
        }
        let value = mend(wanted, value).map_err(|wish| invalid(format!("`{name}` {wish}.")))?;
        checked.insert(name, value);
    }
    match known.keys().find(|name| required(name) && !checked.contains_key(*name)) {
        Some(missing) => Err(invalid(format!("`{missing}` is missing.")).hint(listing(tool, known))),
        None => Ok(checked),
    }
}

/// An `invalid_input` problem.
pub(crate) fn invalid(message: String) -> Problem {
    Problem::new(Code::InvalidInput, message)
}

fn listing(tool: &str, known: &JsonObject) -> String {
    if known.is_empty() {
        return format!("`{tool}` takes no arguments.");
    }
    let names: Vec<String> = known.keys().map(|name| format!("`{name}`")).collect();
    format!("Known: {}.", names.join(", "))
}

/// The value as the schema wants it, or what it must be (`must be …`).
fn mend(wanted: &JsonObject, value: Value) -> Result<Value, String> {
    match wanted.get("type").and_then(Value::as_str) {
        Some("string") => text(wanted, value),
        Some("integer") => number(wanted, &value),
        Some("boolean") => truth(&value),
        Some("array") => list(wanted, value),
        Some("object") if wanted.contains_key("properties") => object(wanted, value),
        _ => Ok(value),
    }
}

fn text(wanted: &JsonObject, value: Value) -> Result<Value, String> {
    let text = match value {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        other => return Err(format!("must be a text, not {}", kind(&other))),
    };
    let Some(choices) = wanted.get("enum").and_then(Value::as_array) else {
        return Ok(Value::String(text));
    };
    let choices: Vec<&str> = choices.iter().filter_map(Value::as_str).collect();
    match choices.iter().find(|choice| choice.eq_ignore_ascii_case(text.trim())) {
        Some(choice) => Ok(json!(choice)),
        None => Err(format!("must be one of `{}`", choices.join("`, `"))),
    }
}

fn number(wanted: &JsonObject, value: &Value) -> Result<Value, String> {
    let whole = match value {
        Value::String(text) => text.trim().parse::<i64>().ok(),
        Value::Number(number) => number.as_i64().or_else(|| {
            // 20.0 is what some clients send for 20
            let float = number.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 9e15)?;
            format!("{float:.0}").parse().ok()
        }),
        _ => None,
    };
    let bound = |word: &str| wanted.get(word).and_then(Value::as_i64);
    // nothing that is counted here is negative
    let (least, most) = (bound("minimum").or(Some(0)), bound("maximum"));
    let fits = |n: &i64| least.is_none_or(|least| *n >= least) && most.is_none_or(|most| *n <= most);
    whole.filter(fits).map(|n| json!(n)).ok_or_else(|| match (least, most) {
        (Some(least), Some(most)) => format!("must be a whole number from {least} to {most}"),
        (Some(least), None) => format!("must be a whole number, at least {least}"),
        _ => "must be a whole number".to_owned(),
    })
}

fn truth(value: &Value) -> Result<Value, String> {
    match value {
        Value::Bool(_) => Ok(value.clone()),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(json!(true)),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(json!(false)),
        other => Err(format!("must be true or false, not {}", kind(other))),
    }
}

fn list(wanted: &JsonObject, value: Value) -> Result<Value, String> {
    let items = match value {
        Value::Array(items) => items,
        // a list that was turned into text on the way, or one item without its list
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(Value::Array(items)) => items,
            _ => vec![Value::String(text)],
        },
        other => return Err(format!("must be a list, not {}", kind(&other))),
    };
    let bound =
        |word: &str| wanted.get(word).and_then(Value::as_u64).map(|n| usize::try_from(n).unwrap_or(0));
    let (least, most) = (bound("minItems").unwrap_or(0), bound("maxItems").unwrap_or(usize::MAX));
    if !(least..=most).contains(&items.len()) {
        return Err(format!("must be a list of {least} to {most}, not of {}", items.len()));
    }
    let inner = wanted.get("items").and_then(Value::as_object).cloned().unwrap_or_default();
    // objects are many things at once, so it is told which of them is meant
    let is_of_objects = inner.contains_key("properties");
    let told = |number: usize, wish: String| {
        let which = if is_of_objects { format!(", number {number},") } else { String::new() };
        format!("holds an item{which} that {wish}")
    };
    let mended = |(at, item): (usize, Value)| mend(&inner, item).map_err(|wish| told(at + 1, wish));
    let items: Result<Vec<Value>, String> = items.into_iter().enumerate().map(mended).collect();
    items.map(Value::Array)
}

fn object(wanted: &JsonObject, value: Value) -> Result<Value, String> {
    let Value::Object(sent) = value else {
        return Err(format!("must be an object, not {}", kind(&value)));
    };
    let empty = JsonObject::new();
    let known = wanted.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let mut mended = JsonObject::new();
    for (name, value) in sent {
        let Some(wanted) = known.get(&name).and_then(Value::as_object) else {
            let names: Vec<&str> = known.keys().map(String::as_str).collect();
            return Err(format!("may have `{}` and nothing else", names.join("`, `")));
        };
        if value.is_null() || value == "" {
            continue;
        }
        let value = mend(wanted, value).map_err(|wish| format!("has a `{name}` that {wish}"))?;
        mended.insert(name, value);
    }
    Ok(Value::Object(mended))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> JsonObject {
        let schema = json!({"type": "object", "required": ["ids"], "properties": {
            "ids": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2},
            "limit": {"type": "integer", "minimum": 1, "maximum": 100},
            "snippet": {"type": "boolean"},
            "view": {"type": "string", "enum": ["text", "full"]},
            "account": {"type": "string"},
            "files": {"type": "array", "items": {"type": "object", "properties": {
                "name": {"type": "string"}, "index": {"type": "integer", "minimum": 1}}}},
        }});
        schema.as_object().cloned().unwrap()
    }

    fn checked(sent: &Value) -> Result<Value, String> {
        let sent = sent.as_object().cloned().unwrap();
        check("mail_x", &schema(), sent).map(Value::Object).map_err(|p| format!("{p} {}", p.hint))
    }

    #[test]
    fn harmless_slips_are_mended() {
        let mended =
            checked(&json!({"ids": "a", "limit": "20", "snippet": "TRUE", "view": "Full", "account": ""}));
        assert_eq!(mended, Ok(json!({"ids": ["a"], "limit": 20, "snippet": true, "view": "full"})));
        assert_eq!(
            checked(&json!({"ids": "[\"a\",\"b\"]", "limit": 20.0, "account": null})),
            Ok(json!({"ids": ["a", "b"], "limit": 20}))
        );
        assert_eq!(
            checked(&json!({"ids": ["a"], "files": [{"index": "2", "name": ""}]})),
            Ok(json!({"ids": ["a"], "files": [{"index": 2}]}))
        );
    }

    #[test]
    fn an_unknown_argument_is_answered_with_the_known_ones() {
        let told = checked(&json!({"ids": ["a"], "id": "x"})).unwrap_err();
        assert!(told.starts_with("`id` is no argument of `mail_x`. [invalid_input] Known: "), "{told}");
        assert!(told.contains("`ids`") && told.contains("`account`"), "{told}");
    }

    #[test]
    fn a_wrong_value_is_told_by_field_and_wish() {
        for (sent, told) in [
            (json!({}), "`ids` is missing. [invalid_input]"),
            (json!({"ids": []}), "`ids` must be a list of 1 to 2, not of 0."),
            (json!({"ids": ["a", "b", "c"]}), "`ids` must be a list of 1 to 2, not of 3."),
            (json!({"ids": [["a"]]}), "`ids` holds an item that must be a text, not a list."),
            (json!({"ids": 5}), "`ids` must be a list, not a number."),
            (json!({"ids": ["a"], "limit": 0}), "`limit` must be a whole number from 1 to 100."),
            (json!({"ids": ["a"], "limit": 1.5}), "`limit` must be a whole number from 1 to 100."),
            (json!({"ids": ["a"], "limit": "many"}), "`limit` must be a whole number from 1 to 100."),
            (json!({"ids": ["a"], "snippet": 1}), "`snippet` must be true or false, not a number."),
            (json!({"ids": ["a"], "view": "html"}), "`view` must be one of `text`, `full`."),
            (json!({"ids": ["a"], "account": {}}), "`account` must be a text, not an object."),
            (
                json!({"ids": ["a"], "files": [{"name": "b"}, {"index": 0}]}),
                "`files` holds an item, number 2, that has a `index` that must be a whole number, at least 1.",
            ),
            (
                json!({"ids": ["a"], "files": [{"url": "b"}]}),
                "`files` holds an item, number 1, that may have `index`, `name` and nothing else.",
            ),
            (
                json!({"ids": ["a"], "files": "plan.pdf"}),
                "`files` holds an item, number 1, that must be an object, not a text.",
            ),
        ] {
            let problem = checked(&sent).unwrap_err();
            assert!(problem.starts_with(told), "{sent}: {problem}");
        }
    }
}
