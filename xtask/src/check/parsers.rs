//! Crates that parse formats of documents are known to the room `documents` only, whose child runs them.

use serde_json::Value;

const ROOM: &str = "postroom-documents";
const PARSERS: &[&str] = &["pdf-extract", "lopdf", "calamine", "zip", "quick-xml", "image"];

pub(super) fn check(metadata: &Value) -> Vec<String> {
    let mut findings = Vec::new();
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_parser_outside_of_its_room_is_found_and_one_of_a_test_is_not() {
        let package = |name: &str, kind: Value| json!({"packages": [{"name": name, "dependencies": [{"name": "zip", "kind": kind}]}]});
        assert_eq!(check(&package("postroom-engine", Value::Null)).len(), 1);
        assert!(check(&package("postroom-engine", json!("dev"))).is_empty());
        assert!(check(&package(ROOM, Value::Null)).is_empty());
    }
}
