//! Links from one page of the project to another file of it lead somewhere. Web addresses are not followed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::Findings;
use crate::place;

pub(super) fn check() -> Findings {
    let root = place::root();
    let mut pages = Vec::new();
    for directory in [root.clone(), root.join("docs"), root.join("docs/decisions")] {
        pages.extend(pages_in(&directory).map_err(|error| format!("{}: {error}", directory.display()))?);
    }
    let mut findings = Vec::new();
    for page in pages {
        let text = fs::read_to_string(&page).map_err(|error| format!("{}: {error}", page.display()))?;
        for target in links(&text) {
            let beside = page.parent().unwrap_or(&root).join(target);
            if !beside.exists() {
                let page = page.strip_prefix(&root).unwrap_or(&page);
                findings.push(format!("{}: `{target}` leads nowhere", page.display()));
            }
        }
    }
    Ok(findings)
}

fn pages_in(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "md") {
            pages.push(path);
        }
    }
    pages.sort();
    Ok(pages)
}

/// Targets of `[text](target)` that are files of the project, without their `#part`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .map(|target| target.split('#').next().unwrap_or_default())
        .filter(|target| !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_files_are_found_and_web_addresses_left_out() {
        let text = "[a](docs/a.md#part) ![b](b.svg) [c](https://example.org/x) [d](#here)";
        assert_eq!(links(text).collect::<Vec<_>>(), ["docs/a.md", "b.svg"]);
    }
}
