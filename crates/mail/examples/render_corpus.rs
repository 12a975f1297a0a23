//! How long letters take to read: a folder of messages, mutations of them, and letters of harm.
//!
//! `render_corpus [FOLDER [MUTATIONS [OCTETS]]]` prints the slowest of each to stderr and one line of JSON
//! to stdout. Build it in release mode; `cargo xtask bench` may read the line.

use std::{io::Write as _, path::PathBuf, time::Instant};

#[path = "../tests/it/letters.rs"]
mod letters;

use letters::{Mutator, complaint, corpus, messages, pathological, read};

/// Longer letters are not mutated.
const MAX_LETTER: usize = 256 * 1024;
/// How many of the slowest are told.
const TOLD: usize = 12;

/// What reading one letter took.
struct Took {
    name: String,
    octets: usize,
    milliseconds: f64,
}

fn time(name: &str, raw: &[u8]) -> Took {
    let begun = Instant::now();
    let found = read(raw, false);
    let took = begun.elapsed();
    let complaint = complaint(&found).map(|what| format!(" ({what})")).unwrap_or_default();
    Took { name: format!("{name}{complaint}"), octets: raw.len(), milliseconds: took.as_secs_f64() * 1_000.0 }
}

/// Tells the slowest; the JSON of all.
fn report(what: &str, mut all: Vec<Took>) -> serde_json::Value {
    all.sort_by(|one, other| other.milliseconds.total_cmp(&one.milliseconds));
    let mut out = std::io::stderr().lock();
    let _ = writeln!(out, "{what}: {} letters", all.len());
    for took in all.iter().take(TOLD) {
        let _ = writeln!(out, "{:>10.2} ms {:>9} octets  {}", took.milliseconds, took.octets, took.name);
    }
    let median = all.get(all.len() / 2).map_or(0.0, |took| took.milliseconds);
    serde_json::json!({
        "letters": all.len(),
        "slowest_ms": all.first().map_or(0.0, |took| took.milliseconds),
        "slowest": all.first().map(|took| took.name.as_str()),
        "median_ms": median,
        "above_one_second": all.iter().filter(|took| took.milliseconds > 1_000.0).count(),
    })
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().filter(|folder| !folder.is_empty()).map(PathBuf::from).or_else(corpus);
    let mut number = |default: usize| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (mutations, octets) = (number(10_000), number(1_000_000));

    // The shorter ones come first, so that what is only slow once does not seem steep.
    let half: Vec<Took> = pathological(octets / 2).iter().map(|(name, raw)| time(name, raw)).collect();
    let harm: Vec<Took> = pathological(octets).iter().map(|(name, raw)| time(name, raw)).collect();
    let letters = folder.map(messages).unwrap_or_default();
    let read: Vec<Took> = letters.iter().map(|(name, raw)| time(name, raw)).collect();
    let short: Vec<_> = letters.iter().filter(|(_, raw)| raw.len() <= MAX_LETTER).collect();
    let mutated = (0..if short.is_empty() { 0 } else { mutations }).filter_map(|number| {
        let (name, raw) = short.get(number % short.len())?;
        let (_, other) = short.get((number * 31 + 7) % short.len())?;
        Some(time(&format!("{number}: {name}"), &Mutator::new(number as u64 + 1).mutate(raw, other)))
    });
    let mutated = mutated.collect();
    let mut steepest = steepness(&harm, &half);
    steepest.truncate(TOLD);
    for (name, ratio) in &steepest {
        let _ = writeln!(std::io::stderr(), "twice as long takes {ratio:.1} times as long: {name}");
    }
    let line = serde_json::json!({
        "harm_octets": octets,
        "harm": report("letters of harm", harm),
        "corpus": report("corpus", read),
        "mutations": report("mutations", mutated),
    });
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Letters whose time grows faster than they do, steepest first; what is fast anyway is left out.
fn steepness(whole: &[Took], half: &[Took]) -> Vec<(String, f64)> {
    let pairs = whole.iter().zip(half).filter(|(whole, _)| whole.milliseconds > 20.0);
    let ratios =
        pairs.map(|(whole, half)| (whole.name.clone(), whole.milliseconds / half.milliseconds.max(0.001)));
    let mut ratios: Vec<(String, f64)> = ratios.filter(|(_, ratio)| *ratio > 2.6).collect();
    ratios.sort_by(|one, other| other.1.total_cmp(&one.1));
    ratios
}
