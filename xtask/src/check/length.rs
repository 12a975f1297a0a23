//! No file is longer than a reader can hold in mind.

use crate::sources::Source;

const CODE: usize = 600;
const TESTS: usize = 1_000;

pub(super) fn check(files: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for file in files {
        let limit = if file.is_test() { TESTS } else { CODE };
        let lines = file.text.lines().count();
        if lines > limit {
            findings.push(format!("{}: {lines} lines, at most {limit}", file.path));
        }
    }
    findings
}
