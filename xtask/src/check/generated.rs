//! Pages that are made from code are the ones that the code makes now.

use std::fs;

use crate::{docs, place};

pub(super) fn check() -> Vec<String> {
    let mut findings = Vec::new();
    for page in docs::pages() {
        match fs::read_to_string(place::root().join(page.path)) {
            Ok(text) if text == page.text => {}
            Ok(_) => findings.push(format!("{} is not current", page.path)),
            Err(error) => findings.push(format!("{}: {error}", page.path)),
        }
    }
    findings
}
