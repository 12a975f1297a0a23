//! How long letters take to read from octets to text: real ones, ten thousand mutations of them, and letters
//! made to be slow. Measured by an example of the room `mail`, without any server.

use serde_json::Value;

use super::report::Row;
use crate::{Failure, place};

/// No letter may take longer, in milliseconds.
const ENOUGH: f64 = 1_000.0;

const KINDS: [(&str, &str); 3] = [
    ("corpus", "real letters"),
    ("mutations", "mutations of them"),
    ("harm", "letters of 1 MB made to be slow"),
];

/// Builds the example and has it read everything.
pub(super) fn measure() -> Result<Vec<Row>, Failure> {
    println!("reading letters");
    let example = ["run", "--release", "--locked", "--quiet", "--package", "postroom-mail", "--example"];
    let output = place::cargo().args(example).arg("render_corpus").output()?;
    let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    if !output.status.success() || told.is_null() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(Failure::Failed(format!("render_corpus failed: {said}")));
    }
    let row = |(key, name): (&str, &str)| {
        let kind = &told[key];
        let (letters, slowest) = (kind["letters"].as_u64()?, kind["slowest_ms"].as_f64()?);
        let median = kind["median_ms"].as_f64()?;
        // where the corpus is missing there is nothing to tell of it
        (letters > 0)
            .then(|| Row::slowest(&format!("{letters} {name}: slowest, median"), slowest, median, ENOUGH))
    };
    Ok(KINDS.into_iter().filter_map(row).collect())
}
