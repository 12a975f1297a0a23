//! Names that say nothing: no file, module or type is called helper, manager, util and the like.

use crate::sources::Source;

/// Say nothing in any position of a name.
const NEVER: &[&str] =
    &["manager", "managers", "handler", "handlers", "helper", "helpers", "util", "utils", "utility", "misc"];
/// Say nothing as a whole name.
const ALONE: &[&str] = &["common", "data", "info", "base", "core", "types"];

pub(super) fn check(files: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for file in files {
        for part in file.path.split('/').map(|part| part.strip_suffix(".rs").unwrap_or(part)) {
            if says_nothing(part) {
                findings.push(format!("{}: the file or folder `{part}`", file.path));
            }
        }
        for (number, line) in file.text.lines().enumerate() {
            if let Some(name) = defined(line)
                && says_nothing(name)
            {
                findings.push(format!("{}:{}: `{name}`", file.path, number + 1));
            }
        }
    }
    findings
}

/// The name that a line defines, if it begins a type, trait or module.
fn defined(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace().skip_while(|word| word.starts_with("pub") || *word == "in");
    let is_definition = ["struct", "enum", "trait", "type", "mod", "union"].contains(&words.next()?);
    let name = words.next()?.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    (is_definition && !name.is_empty()).then_some(name)
}

fn says_nothing(name: &str) -> bool {
    let words = words_of(name);
    words.iter().any(|word| NEVER.contains(&word.as_str()))
        || matches!(words.as_slice(), [only] if ALONE.contains(&only.as_str()))
}

/// Splits `CamelCase` and `snake_case` into words of lower case.
fn words_of(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    for character in name.chars() {
        if character == '_' || character == '-' || character.is_uppercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut()
            && character.is_alphanumeric()
        {
            word.extend(character.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_names_are_found_wherever_they_stand() {
        for line in
            ["pub struct SessionManager {", "pub(crate) mod utils;", "enum Info {", "type Handler<T> = T;"]
        {
            assert!(defined(line).is_some_and(says_nothing), "{line}");
        }
    }

    #[test]
    fn names_that_say_something_are_left_alone() {
        for line in ["pub struct DatabaseUrl;", "struct Information;", "mod handshake;", "enum CoreDump {"] {
            assert!(!defined(line).is_some_and(says_nothing), "{line}");
        }
    }
}
