//! Crates that parse formats of documents are known to the room `documents` only, whose child runs them; and
//! of mail-parser nothing builds a tree, whose depth a sender chooses.

use serde_json::Value;

use crate::sources::Source;

const ROOM: &str = "postroom-documents";
const PARSERS: &[&str] = &["pdf-extract", "lopdf", "calamine", "zip", "quick-xml", "image"];

/// What reads a whole message in mail-parser: it nests without a bound.
const UNBOUNDED: &str = "MessageParser";

pub(super) fn check(metadata: &Value, files: &[Source]) -> Vec<String> {
    let mut findings = trees(files);
    for package in metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let name = package["name"].as_str().unwrap_or_default();
        for dependency in package["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default() {
            let parser = dependency["name"].as_str().unwrap_or_default();
            // tests write such files
            if name != ROOM && dependency["kind"] != "dev" && PARSERS.contains(&parser) {
                findings.push(format!("`{name}` depends on `{parser}`"));
            }
        }
    }
    findings
}

/// Files of the product that name what reads a message without a bound, if only in a comment.
fn trees(files: &[Source]) -> Vec<String> {
    let is_product = |file: &&Source| file.path.starts_with("crates/") && file.path.contains("/src/");
    let names = |file: &&Source| file.text.contains(UNBOUNDED);
    let found = files.iter().filter(is_product).filter(names);
    found.map(|file| format!("{} names `{UNBOUNDED}`: use `mime::whole`", file.path)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_parser_outside_of_its_room_is_found_and_one_of_a_test_is_not() {
        let package = |name: &str, kind: Value| json!({"packages": [{"name": name, "dependencies": [{"name": "zip", "kind": kind}]}]});
        assert_eq!(check(&package("postroom-engine", Value::Null), &[]).len(), 1);
        assert!(check(&package("postroom-engine", json!("dev")), &[]).is_empty());
        assert!(check(&package(ROOM, Value::Null), &[]).is_empty());
    }

    #[test]
    fn a_reader_without_a_bound_is_found_in_the_product_only() {
        let named = |path: &str| {
            let text = "let parser = mail_parser::MessageParser::default();".to_owned();
            check(&json!({}), &[Source { path: path.to_owned(), text }]).len()
        };
        assert_eq!(named("crates/mail/src/mime/whole.rs"), 1);
        assert_eq!(named("crates/engine/src/read.rs"), 1);
        assert_eq!(named("crates/mail/tests/it/letters.rs"), 0);
    }
}
