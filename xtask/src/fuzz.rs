//! `cargo xtask fuzz`: runs the targets of `fuzz/` for a while, from seeds that lie in the tests. What it
//! finds lies in `fuzz/artifacts` and becomes a test; nothing of this is part of `check` or `test`.

use std::{fs, path::Path, process::Command};

use crate::{
    Failure, place,
    tools::{self, FUZZ},
};

/// Every target with what it starts from.
const TARGETS: &[(&str, Seeds)] = &[
    ("replies", recorded_replies),
    ("mime", sample_mailbox),
    ("outgoing", sample_mailbox),
    ("invites", sample_invites),
];

type Seeds = fn() -> Vec<Vec<u8>>;

/// Fuzzes one target or all, each for so many seconds.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let (wanted, seconds) = parse(arguments)?;
    let tool = tools::ensure(&FUZZ)?;
    let home = place::root().join("fuzz");
    // beside the tools, where neither `cargo clean` of the fuzz crate nor the main build is in the way
    let target = place::target_directory()?.join("fuzz");
    // what is fuzzed is what is shipped: the versions of the product, not a lock file's of its own
    fs::copy(place::root().join("Cargo.lock"), home.join("Cargo.lock"))?;
    for (name, seeds) in TARGETS.iter().filter(|(name, _)| wanted.as_deref().is_none_or(|one| one == *name)) {
        let corpus = home.join("corpus").join(name);
        plant(&corpus, &seeds()).map_err(|error| format!("{}: {error}", corpus.display()))?;
        println!("fuzzing {name} for {seconds} s");
        let status = Command::new(&tool)
            .current_dir(&home)
            // libFuzzer's instrumentation is a flag of nightly compilers
            .env("RUSTC_BOOTSTRAP", "1")
            // without optimisation and with all assertions: it builds in a fifth of the time
            .args(["run", "--dev", name, "--target-dir"])
            .arg(&target)
            .args(["--", &format!("-max_total_time={seconds}"), "-timeout=20", "-rss_limit_mb=4096"])
            .status()?;
        if !status.success() {
            return Err(Failure::Failed(format!("{name} found something: see fuzz/artifacts/{name}")));
        }
    }
    Ok(())
}

fn parse(arguments: &[String]) -> Result<(Option<String>, u32), Failure> {
    let (mut target, mut seconds) = (None, 60);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if word == "--seconds" {
            let given = words.next().and_then(|given| given.parse().ok());
            seconds = given.ok_or_else(|| Failure::Usage("--seconds takes a number".into()))?;
        } else if TARGETS.iter().any(|(name, _)| name == word) {
            target = Some(word.clone());
        } else {
            let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
            return Err(Failure::Usage(format!(
                "`{word}` is no fuzz target; there are {}",
                names.join(" and ")
            )));
        }
    }
    Ok((target, seconds))
}

/// Adds the seeds to what earlier runs found worth keeping.
fn plant(corpus: &Path, seeds: &[Vec<u8>]) -> std::io::Result<()> {
    fs::create_dir_all(corpus)?;
    for (number, seed) in seeds.iter().enumerate() {
        fs::write(corpus.join(format!("seed-{number}")), seed)?;
    }
    Ok(())
}

/// Invites as several programs send them.
fn sample_invites() -> Vec<Vec<u8>> {
    let folder = place::root().join("crates/mail/testdata/invites");
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| fs::read(file.path()).ok()).collect()
}

/// Replies of real servers, each behind the octet that says how the target cuts it.
fn recorded_replies() -> Vec<Vec<u8>> {
    let text = include_str!("../../crates/mail/src/imap/wire/testdata/replies.txt");
    let replies = text.lines().filter_map(|line| line.split_once('|'));
    replies.map(|(_, reply)| format!("\x07{}\r\n", reply.replace("\\r\\n", "\r\n")).into_bytes()).collect()
}

fn sample_mailbox() -> Vec<Vec<u8>> {
    const NOW: u64 = 1_790_000_000;
    testkit::sample::mailbox(NOW).into_iter().map(|sample| sample.mail.raw).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Option<(Option<String>, u32)> {
        parse(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()).ok()
    }

    #[test]
    fn one_target_or_all_and_the_time_are_chosen() {
        assert_eq!(parsed(&[]), Some((None, 60)));
        assert_eq!(parsed(&["mime", "--seconds", "5"]), Some((Some("mime".into()), 5)));
        assert_eq!(parsed(&["mine"]), None);
        assert_eq!(parsed(&["--seconds"]), None);
    }

    #[test]
    fn every_target_has_seeds_and_a_file() {
        for (name, seeds) in TARGETS {
            assert!(seeds().len() > 5, "{name}");
            assert!(place::root().join(format!("fuzz/fuzz_targets/{name}.rs")).exists(), "{name}");
        }
    }
}
