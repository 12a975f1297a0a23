//! `cargo xtask soak`: a process that sends is killed at random moments, many times more than in a test run.
//! What must hold is the engine's test; here it is only run for long and told how it goes.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
    time::Instant,
};

use testkit::dovecot;

use crate::{Failure, place};

const TEST: &str = "sending::kills::killed_at_any_moment_nothing_is_lost_and_nothing_leaves_twice";
/// How often the test kills.
const COUNT: &str = "POSTROOM_TEST_KILLS";
const KILLS: u32 = 1_000;

/// Kills so often, and fails as soon as anything was lost or left twice.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let kills = parse(arguments)?;
    if !dovecot::is_installed() {
        let told = "the soak needs Dovecot: `cargo xtask test` installs it";
        return Err(Failure::Failed(told.to_owned()));
    }
    println!("building the engine's tests");
    let package = ["test", "--locked", "--package", "postroom-engine", "--test", "it"];
    if !place::cargo().args(package).args(["--no-run", "--quiet"]).status()?.success() {
        return Err(Failure::Failed("the engine's tests do not build".to_owned()));
    }
    println!("killing a process that sends, {kills} times");
    let start = Instant::now();
    let mut child = place::cargo()
        .args(package)
        .args(["--quiet", "--", "--exact", TEST, "--nocapture"])
        .env(COUNT, kills.to_string())
        .env("CI", "true")
        .stdout(Stdio::piped())
        .spawn()?;
    let mut last = None;
    for line in child.stdout.take().into_iter().flat_map(|stdout| BufReader::new(stdout).lines()) {
        let line = line?;
        if let Some(said) = told(&line) {
            println!("{said} ({} s)", start.elapsed().as_secs());
            last = Some(said.to_owned());
        }
    }
    let status = child.wait()?;
    let is_all = last.is_some_and(|said| said.starts_with(&format!("{kills} kills: ")));
    if status.success() && is_all {
        println!("held: nothing was lost silently, nothing left twice");
        return Ok(());
    }
    Err(Failure::Failed(format!("it does not hold, see above ({status})")))
}

/// What the test says of how it goes, wherever it stands in the line.
fn told(line: &str) -> Option<&str> {
    let start = line.find(" kills: ")?;
    let digits = line.get(..start)?.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    line.get(digits..).filter(|said| said.starts_with(|c: char| c.is_ascii_digit()))
}

fn parse(arguments: &[String]) -> Result<u32, Failure> {
    match arguments {
        [] => Ok(KILLS),
        [flag, count] if flag == "--kills" => {
            let count = count.parse().ok().filter(|count| *count > 0);
            count.ok_or_else(|| Failure::Usage("--kills takes a number".to_owned()))
        }
        [unknown, ..] => Err(Failure::Usage(format!("soak does not know `{unknown}`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Option<u32> {
        parse(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()).ok()
    }

    #[test]
    fn how_often_is_chosen() {
        assert_eq!(parsed(&[]), Some(KILLS));
        assert_eq!(parsed(&["--kills", "5"]), Some(5));
        for wrong in [&["--kills"][..], &["--kills", "0"], &["--kills", "x"], &["5"], &["--kills", "5", "5"]]
        {
            assert_eq!(parsed(wrong), None);
        }
    }

    #[test]
    fn what_the_test_says_is_found() {
        assert_eq!(told("10 kills: 5 sent"), Some("10 kills: 5 sent"));
        assert_eq!(told("test x ... 10 kills: 5 sent"), Some("10 kills: 5 sent"));
        assert_eq!((told("running 1 test"), told(" kills: x")), (None, None));
    }

    #[test]
    fn the_test_is_there() {
        let place = place::root().join("crates/engine/tests/it/sending/kills.rs");
        let text = std::fs::read_to_string(place).unwrap();
        let name = TEST.rsplit("::").next().unwrap();
        assert!(text.contains(&format!("async fn {name}()")) && text.contains(COUNT));
    }
}
