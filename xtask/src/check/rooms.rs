//! The room graph: what each crate imports is what ARCHITECTURE.md permits, and the table's rows are the
//! crates that exist. A room may import less than it may.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::Value;

use super::Findings;
use crate::place;

/// What the rooms import, by room.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Imports {
    /// Ordinary and build dependencies.
    pub(super) product: BTreeMap<String, BTreeSet<String>>,
    /// Dependencies of tests only.
    pub(super) tests: BTreeMap<String, BTreeSet<String>>,
}

pub(super) fn check(metadata: &Value) -> Findings {
    let page = fs::read_to_string(place::root().join("ARCHITECTURE.md"))
        .map_err(|error| format!("ARCHITECTURE.md: {error}"))?;
    Ok(compare(&permitted(&page)?, &actual(metadata)))
}

/// Every difference between the table and the crates.
fn compare(permitted: &BTreeMap<String, BTreeSet<String>>, actual: &Imports) -> Vec<String> {
    let mut findings = Vec::new();
    for room in actual.product.keys().filter(|room| !permitted.contains_key(*room)) {
        findings.push(format!("the crate `{room}` has no row in the table"));
    }
    for (room, may) in permitted {
        let Some(imports) = actual.product.get(room) else {
            findings.push(format!("the table has a row `{room}`, but there is no such crate"));
            continue;
        };
        for import in imports.difference(may) {
            findings.push(format!("`{room}` imports `{import}`, which its row does not permit"));
        }
        for unknown in may.iter().filter(|name| !permitted.contains_key(*name)) {
            findings.push(format!("the row `{room}` permits `{unknown}`, which is no room"));
        }
        let in_tests = actual.tests.get(room).into_iter().flatten();
        for import in in_tests.filter(|import| *import != "testkit" && !may.contains(*import)) {
            findings.push(format!("tests of `{room}` import `{import}`, which its row does not permit"));
        }
    }
    findings
}

/// Reads the table between the lines `<!-- rooms -->` and `<!-- /rooms -->`: room, sentence, imports.
fn permitted(page: &str) -> Result<BTreeMap<String, BTreeSet<String>>, String> {
    let table = page
        .split_once("<!-- rooms -->")
        .and_then(|(_, rest)| rest.split_once("<!-- /rooms -->"))
        .map(|(table, _)| table)
        .ok_or("ARCHITECTURE.md has no table between `<!-- rooms -->` and `<!-- /rooms -->`")?;
    let mut rooms = BTreeMap::new();
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [room, _, imports] = cells.as_slice() else {
            return Err(format!("a row of the table of rooms has not three cells: {line}"));
        };
        let imports = imports
            .split(',')
            .map(|name| name.trim().trim_matches('`').to_owned())
            .filter(|name| !name.is_empty() && name != "–")
            .collect();
        rooms.insert(room.trim_matches('`').to_owned(), imports);
    }
    Ok(rooms)
}

/// Reads what the crates below `crates/` import of each other. A room is named by its directory.
pub(super) fn actual(metadata: &Value) -> Imports {
    let mut imports = Imports::default();
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    for package in packages {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
        let Some(room) = manifest.parent().and_then(room_at) else { continue };
        let product = imports.product.entry(room.clone()).or_default();
        let tests = imports.tests.entry(room).or_default();
        for dependency in package["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default() {
            let Some(target) = dependency["path"].as_str().and_then(|path| room_at(Path::new(path))) else {
                continue;
            };
            if dependency["kind"] == "dev" {
                tests.insert(target)
            } else {
                product.insert(target)
            };
        }
    }
    imports
}

fn room_at(directory: &Path) -> Option<String> {
    let is_room = directory.parent()?.file_name()? == "crates";
    is_room.then(|| directory.file_name().map(|name| name.to_string_lossy().into_owned()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "intro\n<!-- rooms -->\n| room | is | imports |\n|---|---|---|\n| `domain` | words | – |\n\
        | `net` | out | `domain` |\n<!-- /rooms -->\n";

    fn imports(rooms: &[(&str, &[&str])]) -> Imports {
        let product = rooms
            .iter()
            .map(|(room, names)| ((*room).to_owned(), names.iter().map(|name| (*name).to_owned()).collect()))
            .collect();
        Imports { product, ..Imports::default() }
    }

    #[test]
    fn a_room_may_import_less_than_its_row() {
        let table = permitted(PAGE).unwrap();
        assert_eq!(compare(&table, &imports(&[("domain", &[]), ("net", &[])])), Vec::<String>::new());
    }

    #[test]
    fn an_import_without_permission_a_room_without_row_and_a_row_without_room_are_found() {
        let table = permitted(PAGE).unwrap();
        let findings = compare(&table, &imports(&[("domain", &["net"]), ("mail", &[])]));
        assert_eq!(findings.len(), 3, "{findings:?}");
    }

    #[test]
    fn tests_may_import_testkit_and_nothing_else_beyond_the_row() {
        let table = permitted(PAGE).unwrap();
        let mut actual = imports(&[("domain", &[]), ("net", &["domain"])]);
        actual.tests.insert("domain".into(), ["testkit".to_owned()].into());
        assert!(compare(&table, &actual).is_empty());
        actual.tests.insert("domain".into(), ["net".to_owned()].into());
        assert_eq!(compare(&table, &actual).len(), 1);
    }
}
