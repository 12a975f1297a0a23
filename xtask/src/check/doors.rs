//! Doors never see storage, mirror or mail, nor each other: not even an edited table permits it.

use serde_json::Value;

use super::rooms;

const DOORS: &[&str] = &["mcp", "oauth", "web"];
const BEHIND: &[&str] = &["storage", "mail", "mirror", "mcp", "oauth", "web", "net"];

pub(super) fn check(metadata: &Value) -> Vec<String> {
    let imports = rooms::actual(metadata);
    let mut findings = Vec::new();
    for door in DOORS {
        for graph in [&imports.product, &imports.tests] {
            let Some(seen) = graph.get(*door) else { continue };
            for room in seen.iter().filter(|room| BEHIND.contains(&room.as_str())) {
                findings.push(format!("the door `{door}` depends on `{room}`"));
            }
        }
    }
    findings
}
