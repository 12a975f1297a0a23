//! `cargo xtask bench`: the release build on a real Dovecot, measured against the floor: the same IMAP
//! commands on a plain socket, both sides taking turns in one loop. Prints a table and keeps the last one
//! in `bench/RESULTS.md`. A missed number is told, not punished; only errors fail.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use testkit::{Dovecot, Maildir, Options, dovecot, sample};

use crate::{Failure, place};

mod activity;
mod calendar;
mod children;
mod flights;
mod floor;
mod hosted;
mod letters;
mod links;
mod listing;
mod pages;
mod product;
mod rendering;
mod report;
mod samples;
mod sending;
mod serving;
mod sorting;
mod tokens;

use children::Children;
use report::{Report, Row, Section};

/// How long everything after the build may take.
const TIME_LIMIT: Duration = Duration::from_mins(25);

/// How many messages INBOX has, unless told otherwise; what does not depend on it is measured on the last.
const SIZES: [u32; 2] = [20_000, 100_000];

/// Who has the large mailbox, and who the sample mailbox.
const MANY: Login = Login { user: "alice", password: "alice-secret" };
const SAMPLE: Login = Login { user: "bob", password: "bob-secret" };

/// Whose mail is read.
#[derive(Debug, Clone, Copy)]
struct Login {
    user: &'static str,
    password: &'static str,
}

/// What a run is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Choice {
    messages: Vec<u32>,
    rounds: usize,
    date: Option<String>,
    /// The one section that is measured: what it prints is not kept.
    only: Option<String>,
}

/// Everything that measurements need.
struct World {
    // first: our own children end before the server that they talk to
    children: Children,
    dovecot: Dovecot,
    program: PathBuf,
    /// A directory of this run alone.
    directory: PathBuf,
    messages: u32,
    rounds: usize,
}

/// Measures and writes the results.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let choice = choose(arguments)?;
    if !dovecot::is_installed() {
        return Err(Failure::Failed(format!(
            "the bench needs Dovecot: run `cargo xtask test` once as root, or as root: \
             apt-get install --no-install-recommends {}",
            dovecot::PACKAGES.join(" ")
        )));
    }
    let program = build()?;
    let directory = place::target_directory()?.join("bench");
    let children = Children::start(TIME_LIMIT);
    let mut sections = Vec::new();
    for (number, messages) in (1..).zip(&choice.messages) {
        if directory.exists() {
            fs::remove_dir_all(&directory)?;
        }
        fs::create_dir_all(&directory)?;
        let world = World {
            children: children.clone(),
            dovecot: Dovecot::start(Options {
                lmtp: true,
                submission: true,
                // The floors sign in so, and Dovecot takes 10 ms to check a SCRAM proof.
                auth_mechanisms: vec!["plain".into()],
                ..Options::default()
            })?,
            program: program.clone(),
            directory: directory.clone(),
            messages: *messages,
            rounds: choice.rounds,
        };
        let is_last = number == choice.messages.len();
        let only = choice.only.as_deref();
        let measured = seed(&world).and_then(|()| match only {
            Some(name) => measure_only(&world, name),
            None => measure(&world, is_last),
        });
        fs::remove_dir_all(&directory)?;
        sections.extend(match measured {
            Err(_) if children.are_late() => {
                let minutes = TIME_LIMIT.as_secs() / 60;
                return Err(Failure::Failed(format!("not finished after {minutes} minutes, stopped")));
            }
            other => other?,
        });
    }
    let date = choice.date.clone().unwrap_or_else(|| calendar::iso_day(seconds_now()));
    let report = Report { sections, date, arguments: choice.told(), rounds: choice.rounds };
    print!("{}", report.for_terminal());
    if choice.only.is_some() {
        return Ok(());
    }
    let file = place::root().join("bench").join("RESULTS.md");
    fs::create_dir_all(place::root().join("bench"))?;
    fs::write(file, report.as_markdown())?;
    println!("written to bench/RESULTS.md");
    Ok(())
}

/// What measures a section.
type Measure = fn(&World) -> Result<Vec<Row>, Failure>;

/// Sections that depend little on how many messages there are, so that they are measured once.
const SECTIONS: [(&str, &str, Measure); 9] = [
    ("tokens", "What an agent pays", tokens::measure),
    ("serving", "The server", serving::measure),
    ("pages", "Pages for people", pages::measure),
    ("activity", "Activity with a million entries", activity::measure),
    ("links", "Attachments", links::measure),
    ("sending", "Sending", sending::measure),
    ("sorting", "Sorting", sorting::measure),
    ("rendering", "Hostile mail", |_| rendering::measure()),
    // last, since mail is delivered meanwhile
    ("flights", "Round trips", flights::measure),
];

fn measure(world: &World, is_last: bool) -> Result<Vec<Section>, Failure> {
    println!("measuring, {} rounds each", world.rounds);
    let title = format!("{} messages in INBOX", world.messages);
    let mut rows = listing::measure(world)?;
    rows.push(tokens::bytes_of_newest(world)?);
    let mut sections = vec![Section { title, rows }];
    if is_last {
        for (_, title, measure) in SECTIONS {
            sections.push(Section { title: title.to_owned(), rows: measure(world)? });
        }
    }
    Ok(sections)
}

fn measure_only(world: &World, name: &str) -> Result<Vec<Section>, Failure> {
    println!("measuring {name}, {} rounds each", world.rounds);
    let those = SECTIONS.iter().filter(|(known, ..)| *known == name);
    those
        .map(|(_, title, measure)| Ok(Section { title: (*title).to_owned(), rows: measure(world)? }))
        .collect()
}

/// Fills both mailboxes; folders besides INBOX are those of the samples.
fn seed(world: &World) -> Result<(), Failure> {
    println!("writing {} messages", world.messages);
    let now = seconds_now();
    let many = Maildir::of(&world.dovecot, MANY.user)?;
    let numbering = testkit::maildir::Numbering::default();
    many.fill(
        "INBOX",
        numbering,
        (0..world.messages).map(|number| letters::letter(number, world.messages, now)),
    )?;
    let samples = sample::mailbox(now);
    for (number, folder) in (1..).zip(sample::FOLDERS).skip(1) {
        let mails =
            samples.iter().filter(|sample| sample.folder == *folder).map(|sample| sample.mail.clone());
        let numbering =
            testkit::maildir::Numbering { uid_validity: numbering.uid_validity + number, first_uid: 1 };
        many.fill(folder, numbering, mails)?;
    }
    links::seed(&many, now)?;
    many.subscribe(sample::FOLDERS.get(1..).unwrap_or_default())?;
    sample::fill(&Maildir::of(&world.dovecot, SAMPLE.user)?, now)?;
    Ok(())
}

fn choose(arguments: &[String]) -> Result<Choice, Failure> {
    let mut choice = Choice { messages: SIZES.to_vec(), rounds: 30, date: None, only: None };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut value =
            || words.next().ok_or_else(|| Failure::Usage(format!("bench: `{word}` needs a value")));
        let wrong = |value: &str| Failure::Usage(format!("bench: `{value}` is no value for `{word}`"));
        match word.as_str() {
            "--messages" => {
                let value = value()?;
                choice.messages = vec![value.parse().map_err(|_| wrong(value))?];
            }
            "--rounds" => {
                let value = value()?;
                choice.rounds = value.parse().map_err(|_| wrong(value))?;
            }
            "--date" => {
                let value = value()?;
                let is_date = value.len() == 10 && value.chars().all(|c| c.is_ascii_digit() || c == '-');
                choice.date = Some(if is_date { value.clone() } else { return Err(wrong(value)) });
            }
            "--only" => {
                let value = value()?;
                if !SECTIONS.iter().any(|(name, ..)| name == value) {
                    return Err(wrong(value));
                }
                choice.only = Some(value.clone());
            }
            unknown => return Err(Failure::Usage(format!("bench does not know `{unknown}`"))),
        }
    }
    if choice.only.is_some() {
        choice.messages.drain(1..);
    }
    if !choice.messages.iter().all(|messages| (2_000..=1_000_000).contains(messages)) {
        return Err(Failure::Usage("bench: --messages is 2000 to 1000000".into()));
    }
    // at most sixty calls in a row are let through
    if !(15..=50).contains(&choice.rounds) {
        return Err(Failure::Usage("bench: --rounds is 15 to 50".into()));
    }
    Ok(choice)
}

impl Choice {
    /// The arguments that ask for the same.
    fn told(&self) -> String {
        let one = |messages: &u32| format!(" --messages {messages}");
        let messages = match self.messages.as_slice() {
            [single] => one(single),
            _ => String::new(),
        };
        format!("{messages} --rounds {}", self.rounds)
    }
}

/// Builds the binary that users get and tells where it lies.
fn build() -> Result<PathBuf, Failure> {
    println!("building postroom for release");
    let status = place::cargo().args(["build", "--release", "--locked", "--package", "postroom"]).status()?;
    if !status.success() {
        return Err(Failure::Failed("postroom does not build".into()));
    }
    Ok(place::target_directory()?.join("release").join("postroom"))
}

/// A new empty directory of this run.
fn new_directory(world: &World, name: &str) -> Result<PathBuf, Failure> {
    let path = world.directory.join(name);
    fs::create_dir_all(&path)?;
    Ok(path)
}

/// The end of a file of the product's own words, for the reader of an error.
fn end_of(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(12)..).unwrap_or_default().join("\n")
}

fn seconds_now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(words: &[&str]) -> Result<Choice, Failure> {
        choose(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_run_is_of_twenty_and_of_a_hundred_thousand_messages_unless_told_otherwise() {
        let usual = chosen(&[]).unwrap();
        assert_eq!((&usual.messages[..], &usual.date), (&[20_000, 100_000][..], &None));
        assert!(usual.rounds >= 15);
        assert_eq!(usual.told(), " --rounds 30");
        let other = chosen(&["--rounds", "15", "--messages", "20000", "--date", "2026-11-21"]).unwrap();
        assert_eq!(
            other,
            Choice { messages: vec![20_000], rounds: 15, date: Some("2026-11-21".into()), only: None }
        );
        assert_eq!(other.told(), " --messages 20000 --rounds 15");
    }

    #[test]
    fn medians_of_fewer_than_fifteen_are_refused_as_wrong_usage() {
        for words in [
            &["--rounds", "14"][..],
            &["--rounds"],
            &["--messages", "many"],
            &["--date", "../x"],
            &["--only", "x"],
            &["-v"],
        ] {
            assert!(matches!(chosen(words), Err(Failure::Usage(_))), "{words:?}");
        }
    }
}
