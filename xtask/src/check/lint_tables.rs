//! Every crate takes the workspace's lints, and no crate weakens them for itself.

use std::fs;

use serde_json::Value;

use super::Findings;

pub(super) fn check(metadata: &Value) -> Findings {
    let mut findings = Vec::new();
    for package in metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let path = package["manifest_path"].as_str().unwrap_or_default();
        let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
        let manifest: toml::Table = text.parse().map_err(|error| format!("{path}: {error}"))?;
        let takes =
            manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
        if takes != Some(true) {
            findings.push(format!("{} does not take the workspace's lints", package["name"]));
        }
    }
    Ok(findings)
}
