//! The official MCP conformance suite: runs it against a server and reads what it found. Knows no scenario.

use std::{
    collections::BTreeMap,
    fs, io,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::Node;

const PACKAGE: &str = "@modelcontextprotocol/conformance";

/// What one run of the suite found.
#[derive(Debug)]
pub struct Findings {
    /// Checks by scenario, in the suite's own order of names.
    pub scenarios: BTreeMap<String, Vec<Check>>,
    /// The scenarios that the revision requires.
    pub required: Vec<String>,
    /// Whether the suite itself calls the server conformant.
    pub is_conformant: bool,
    /// What the suite printed.
    pub output: String,
    /// How long it took.
    pub took: Duration,
}

/// One check of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The check's name in the suite.
    pub id: String,
    /// `SUCCESS`, `FAILURE`, `WARNING`, `SKIPPED` or `INFO`.
    pub status: String,
    /// What went wrong, in the suite's words.
    pub message: String,
}

/// Runs everything that a revision of the protocol requires of a server, and what the suite runs beside it.
pub fn run(node: &Node, url: &str, revision: &str) -> io::Result<Findings> {
    let results = tempfile::tempdir()?;
    let started = Instant::now();
    let mut command: Command = node.program("conformance");
    command.args(["server", "--url", url, "--requirements", revision, "--output-dir"]).arg(results.path());
    let output = command.output()?;
    let printed = [output.stdout, output.stderr].concat();
    Ok(Findings {
        scenarios: scenarios(results.path())?,
        required: required(&fs::read_to_string(
            node.file(PACKAGE, &format!("requirements/{revision}.yaml")),
        )?),
        is_conformant: output.status.success(),
        output: String::from_utf8_lossy(&printed).into_owned(),
        took: started.elapsed(),
    })
}

impl Findings {
    /// How many checks of the scenario succeeded; 0 also if it did not run.
    pub fn succeeded(&self, scenario: &str) -> usize {
        self.of(scenario).filter(|check| check.status == "SUCCESS").count()
    }

    /// The checks of the scenario that neither succeeded nor only inform: failures, warnings, and what the
    /// suite left out.
    pub fn wanting(&self, scenario: &str) -> Vec<&Check> {
        self.of(scenario).filter(|check| !matches!(check.status.as_str(), "SUCCESS" | "INFO")).collect()
    }

    fn of(&self, scenario: &str) -> impl Iterator<Item = &Check> {
        self.scenarios.get(scenario).into_iter().flatten()
    }
}

/// Reads `server-SCENARIO-TIME/checks.json` of every scenario.
fn scenarios(results: &Path) -> io::Result<BTreeMap<String, Vec<Check>>> {
    let mut found: BTreeMap<String, Vec<Check>> = BTreeMap::new();
    for entry in fs::read_dir(results)? {
        let entry = entry?;
        let Some(scenario) = entry.file_name().to_str().and_then(scenario_of) else { continue };
        let checks: Vec<Value> = serde_json::from_slice(&fs::read(entry.path().join("checks.json"))?)?;
        let text = |check: &Value, key: &str| check[key].as_str().unwrap_or_default().to_owned();
        found.entry(scenario).or_default().extend(checks.iter().map(|check| Check {
            id: text(check, "id"),
            status: text(check, "status"),
            message: text(check, "errorMessage"),
        }));
    }
    Ok(found)
}

/// `server-tools-list-2026-11-21T06-59-23-123Z` → `tools-list`.
fn scenario_of(folder: &str) -> Option<String> {
    let name = folder.strip_prefix("server-")?;
    let time = name.rfind('T')?;
    name.get(..time.checked_sub("-2026-11-21".len())?).map(str::to_owned)
}

/// The list below `server:` in a requirements file.
fn required(page: &str) -> Vec<String> {
    let list = page.lines().skip_while(|line| *line != "server:").skip(1);
    list.map_while(|line| line.strip_prefix("  - ")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_results_folder_names_its_scenario() {
        let folder = "server-sep-2164-resource-not-found-2026-11-21T06-59-23-123Z";
        assert_eq!(scenario_of(folder).as_deref(), Some("sep-2164-resource-not-found"));
        assert_eq!(scenario_of("client-initialize-2026-11-21T06-59-23-123Z"), None);
        assert_eq!(scenario_of("server-T"), None);
    }

    #[test]
    fn only_what_servers_owe_is_required() {
        let page = "# server:\nserver:\n  - ping\n  - tools-list\n\nclient:\n  - initialize\n";
        assert_eq!(required(page), ["ping", "tools-list"]);
    }
}
