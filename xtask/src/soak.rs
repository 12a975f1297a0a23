//! `cargo xtask soak`: processes that send, that move messages and that take changes back are killed at random moments,
//! many times more than in a test run. What must hold are the engine's tests; here they are only run for long and told how they go.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
    time::Instant,
};

use testkit::dovecot;

use crate::{Failure, place};

/// One test, what its child does, and what holds if it passes.
struct Soak {
    test: &'static str,
    does: &'static str,
    holds: &'static str,
}

const SOAKS: [Soak; 4] = [
    Soak {
        test: "sending::kills::killed_at_any_moment_nothing_is_lost_and_nothing_leaves_twice",
        does: "sends",
        holds: "nothing was lost silently, nothing left twice",
    },
    Soak {
        test: "sending::again_kills::killed_while_sending_again_what_is_unknown_stays_so_and_of_one_click_nothing_leaves_twice",
        does: "resends",
        holds: "what was unknown was sent or stayed so, nothing left twice for one click",
    },
    Soak {
        test: "moving_kills::killed_while_moving_no_message_is_lost_and_no_id_leads_to_another",
        does: "moves",
        holds: "no message was lost, none was left at two places, no id led to another one",
    },
    Soak {
        test: "undoing_kills::killed_while_taking_back_the_rest_is_taken_back_by_another_and_nothing_is_lost",
        does: "undoes",
        holds: "every message was as it was before the change, once, and the answer said so",
    },
];

/// How often a test kills.
const COUNT: &str = "POSTROOM_TEST_KILLS";
const KILLS: u32 = 1_000;
/// The package that the tests belong to.
const PACKAGE: [&str; 6] = ["test", "--locked", "--package", "postroom-engine", "--test", "it"];

/// Kills each so often, and fails as soon as anything was lost or happened twice.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let Choice { kills, soaks } = parse(arguments)?;
    if !dovecot::is_installed() {
        let told = "the soak needs Dovecot: `cargo xtask test` installs it";
        return Err(Failure::Failed(told.to_owned()));
    }
    println!("building the engine's tests");
    if !place::cargo().args(PACKAGE).args(["--no-run", "--quiet"]).status()?.success() {
        return Err(Failure::Failed("the engine's tests do not build".to_owned()));
    }
    soaks.into_iter().try_for_each(|soak| kill(soak, kills))
}

fn kill(soak: &Soak, kills: u32) -> Result<(), Failure> {
    println!("killing a process that {}, {kills} times", soak.does);
    let start = Instant::now();
    let mut child = place::cargo()
        .args(PACKAGE)
        .args(["--quiet", "--", "--exact", soak.test, "--nocapture"])
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
    let done = last.and_then(|said| said.split(' ').next()?.parse::<u32>().ok());
    let is_all = done.is_some_and(|done| done >= kills);
    if status.success() && is_all {
        println!("held: {}", soak.holds);
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

/// How often, and which.
struct Choice {
    kills: u32,
    soaks: Vec<&'static Soak>,
}

fn parse(arguments: &[String]) -> Result<Choice, Failure> {
    let mut choice = Choice { kills: KILLS, soaks: SOAKS.iter().collect() };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--kills" => {
                let count = words.next().and_then(|count| count.parse().ok()).filter(|count| *count > 0);
                choice.kills = count.ok_or_else(|| Failure::Usage("--kills takes a number".to_owned()))?;
            }
            "--only" => {
                let wanted = words.next().map(String::as_str);
                choice.soaks.retain(|soak| Some(soak.does) == wanted);
                if choice.soaks.is_empty() {
                    return Err(Failure::Usage(
                        "--only takes `sends`, `resends`, `moves` or `undoes`".to_owned(),
                    ));
                }
            }
            unknown => return Err(Failure::Usage(format!("soak does not know `{unknown}`"))),
        }
    }
    Ok(choice)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Option<(u32, Vec<&'static str>)> {
        let choice = parse(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()).ok()?;
        Some((choice.kills, choice.soaks.iter().map(|soak| soak.does).collect()))
    }

    #[test]
    fn how_often_and_which_is_chosen() {
        assert_eq!(parsed(&[]), Some((KILLS, vec!["sends", "resends", "moves", "undoes"])));
        assert_eq!(parsed(&["--kills", "5"]), Some((5, vec!["sends", "resends", "moves", "undoes"])));
        assert_eq!(parsed(&["--only", "moves", "--kills", "5"]), Some((5, vec!["moves"])));
        for wrong in
            [&["--kills"][..], &["--kills", "0"], &["--kills", "x"], &["5"], &["--only"], &["--only", "x"]]
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
    fn the_tests_are_there() {
        for soak in &SOAKS {
            let (module, name) = soak.test.rsplit_once("::").unwrap();
            let file = format!("crates/engine/tests/it/{}.rs", module.replace("::", "/"));
            let text = std::fs::read_to_string(place::root().join(file)).unwrap();
            assert!(text.contains(&format!("async fn {name}()")) && text.contains(COUNT));
        }
    }
}
