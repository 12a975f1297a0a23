//! One list of dependencies, in the workspace's Cargo.toml: each entry is used by a crate and says why it is
//! there, and no crate brings a version of its own.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use super::Findings;
use crate::place;

pub(super) fn check(metadata: &Value) -> Findings {
    let text = fs::read_to_string(place::root().join("Cargo.toml"))
        .map_err(|error| format!("Cargo.toml: {error}"))?;
    let mut used = BTreeSet::new();
    let mut findings = Vec::new();
    for package in metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let path = package["manifest_path"].as_str().unwrap_or_default();
        let manifest = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
        let manifest: toml::Table = manifest.parse().map_err(|error| format!("{path}: {error}"))?;
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(toml::Value::Table(list)) = manifest.get(section) else { continue };
            for (name, value) in list {
                used.insert(name.clone());
                if value.get("workspace").and_then(toml::Value::as_bool) != Some(true) {
                    findings.push(format!(
                        "{}: `{name}` is not taken from the workspace's list",
                        package["name"]
                    ));
                }
            }
        }
    }
    findings.extend(faults_of_list(&text, &used));
    Ok(findings)
}

fn faults_of_list(text: &str, used: &BTreeSet<String>) -> Vec<String> {
    let lines = text.lines().skip_while(|line| *line != "[workspace.dependencies]").skip(1);
    let mut findings = Vec::new();
    for line in lines.take_while(|line| !line.starts_with('[')) {
        let Some((name, rest)) = line.split_once(" = ") else { continue };
        if !rest.contains("path = ") && !rest.contains(" # ") {
            findings.push(format!("`{name}` has no word on why it is there"));
        }
        if !used.contains(name) {
            findings.push(format!("`{name}` is listed, but no crate uses it"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_without_reason_or_use_is_found() {
        let text = "[workspace.dependencies]\n# words\na = \"1\" # why\nb = \"1\"\nc = { path = \"c\" }\n\n[profile.dev]\n";
        let used = ["a", "b", "c"].map(str::to_owned).into();
        assert_eq!(faults_of_list(text, &used).len(), 1);
        assert_eq!(faults_of_list(text, &BTreeSet::new()).len(), 4);
    }
}
