//! When events take place: thousands of rules as python-dateutil expands them, whole calendars as
//! recurring_ical_events does, and rules that would never end.

use std::{
    io::Write as _,
    process::Command,
    time::{Duration, Instant},
};

use domain::Timestamp;
use mail::calendar::{Event, parse};
use serde_json::{Value, json};
use testkit::require_python;
use time::macros::datetime;

use crate::{
    calendar::{SAMPLES, event_of, invite_of},
    letters::corpus,
};

const EXPAND: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/expand_rules.py");
const READ: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/read_invites.py");

const LONG_AGO: Timestamp = datetime!(1000-01-01 0:00 UTC);
const TIMES: usize = 40;

/// A line of JSON for each input; none without Python.
pub(crate) fn python(script: &str, input: &Value, arguments: &[&str]) -> Option<Vec<Value>> {
    let python = require_python()?;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(input.to_string().as_bytes()).unwrap();
    let output = Command::new(python).arg(script).arg(file.path()).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "run `cargo xtask test` once if a package is missing: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// Always the same numbers.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn list(&mut self, most: u64, mut one: impl FnMut(&mut Self) -> String) -> String {
        let count = 1 + self.below(most);
        (0..count).map(|_| one(self)).collect::<Vec<_>>().join(",")
    }

    fn signed(&mut self, most: u64) -> String {
        let number = 1 + self.below(most);
        if self.chance(30) { format!("-{number}") } else { number.to_string() }
    }
}

const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/// A rule that the RFC defines and on which dateutil follows it, with the event's beginning. dateutil wants a
/// weekday with a number and one without to be the same day, takes all days of a numbered week without
/// weekdays, and cuts the first week off at the beginning before it counts positions.
fn rule(numbers: &mut Numbers) -> (String, String) {
    let frequency =
        ["DAILY", "WEEKLY", "WEEKLY", "MONTHLY", "MONTHLY", "YEARLY", "YEARLY", "HOURLY", "MINUTELY"]
            [usize::try_from(numbers.below(9)).unwrap()];
    let mut rule = format!("FREQ={frequency}");
    if numbers.chance(40) {
        rule += &format!(";INTERVAL={}", 1 + numbers.below(6));
    }
    if numbers.chance(30) {
        rule += &format!(";WKST={}", DAYS[usize::try_from(numbers.below(7)).unwrap()]);
    }
    let is_counted = matches!(frequency, "MONTHLY" | "YEARLY");
    if is_counted && numbers.chance(40) {
        let days = numbers.list(3, |numbers| {
            let number = numbers.signed(if frequency == "MONTHLY" { 5 } else { 50 });
            format!("{number}{}", DAYS[usize::try_from(numbers.below(7)).unwrap()])
        });
        rule += &format!(";BYDAY={days}");
    } else if numbers.chance(50) {
        let days = numbers.list(4, |numbers| DAYS[usize::try_from(numbers.below(7)).unwrap()].to_owned());
        rule += &format!(";BYDAY={days}");
        if frequency == "YEARLY" && numbers.chance(20) {
            rule += &format!(";BYWEEKNO={}", numbers.list(3, |numbers| numbers.signed(53)));
        }
    }
    if frequency != "WEEKLY" && numbers.chance(30) {
        rule += &format!(";BYMONTHDAY={}", numbers.list(4, |numbers| numbers.signed(31)));
    }
    if frequency == "YEARLY" && numbers.chance(10) {
        rule += &format!(";BYYEARDAY={}", numbers.list(4, |numbers| numbers.signed(366)));
    }
    if numbers.chance(25) {
        rule += &format!(";BYMONTH={}", numbers.list(4, |numbers| (1 + numbers.below(12)).to_string()));
    }
    if numbers.chance(10) {
        rule += &format!(";BYHOUR={}", numbers.list(3, |numbers| numbers.below(24).to_string()));
    }
    if frequency != "MINUTELY" && numbers.chance(8) {
        rule += &format!(";BYMINUTE={}", numbers.list(3, |numbers| numbers.below(60).to_string()));
    }
    if is_counted && rule.contains(";BY") && numbers.chance(30) {
        rule += &format!(";BYSETPOS={}", numbers.list(2, |numbers| numbers.signed(4)));
    }
    if numbers.chance(40) {
        rule += &format!(";COUNT={}", 1 + numbers.below(30));
    } else if numbers.chance(30) {
        let year = 2026 + numbers.below(4);
        rule += &format!(";UNTIL={year}{:02}15T120000", 1 + numbers.below(12));
    }
    let (month, day) = (1 + numbers.below(12), 1 + numbers.below(28));
    let (year, hour, minute) = (2020 + numbers.below(7), numbers.below(24), numbers.below(60));
    (format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:00"), rule)
}

#[test]
fn rules_make_the_times_that_dateutil_makes() {
    let mut numbers = Numbers(20_261_121);
    let rules: Vec<_> = std::iter::repeat_with(|| rule(&mut numbers)).take(4_000).collect();
    let input: Vec<Value> = rules.iter().map(|(begin, rule)| json!([begin, rule, TIMES])).collect();
    let Some(expected) = python(EXPAND, &json!(input), &[]) else { return };
    let (mut compared, mut ended) = (0, 0);
    let mut differences = Vec::new();
    for ((begin, rule), expected) in rules.iter().zip(expected) {
        let Some(expected) = expected.as_array() else { continue };
        let mut expected: Vec<String> =
            expected.iter().map(|time| time.as_str().unwrap().to_owned()).collect();
        let invite = invite_of(&format!("DTSTART:{begin}\nRRULE:{rule}"));
        let event = &invite.events[0];
        assert!(event.warnings.is_empty(), "{rule}: {:?}", event.warnings);
        let is_past = rule.contains("UNTIL") && begin.as_str() > "2026" && expected.is_empty();
        // The beginning is always the first, and counts (RFC 5545, 3.8.5.3).
        if expected.first() != Some(begin) {
            let count = rule.split("COUNT=").nth(1).and_then(|count| count.parse().ok()).unwrap_or(TIMES);
            expected.insert(0, begin.clone());
            expected.truncate(count.min(TIMES));
        }
        let found = invite.occurrences(event, LONG_AGO, TIMES);
        let found: Vec<String> = found.into_iter().map(|one| one.start.local).collect();
        // A rule with few times in thousands of years may cost more than is spent on it.
        let is_beginning = expected.starts_with(&found) && found.len() < expected.len();
        if is_beginning && found.last().unwrap_or(begin).as_str() > "2080" {
            ended += 1;
            continue;
        }
        compared += 1;
        if found != expected && !is_past {
            differences.push(format!("{begin} {rule}\n found    {found:?}\n expected {expected:?}"));
        }
    }
    let first: Vec<String> = differences.iter().take(8).cloned().collect();
    assert!(differences.is_empty(), "{} of {compared}\n{}", differences.len(), first.join("\n"));
    assert!(compared > 3_900 && ended < 60, "{compared} rules compared, {ended} given up");
}

#[test]
fn an_occurrence_is_found_from_anywhere_as_it_is_from_the_beginning() {
    let mut numbers = Numbers(7);
    for _ in 0..400 {
        let (begin, rule) = rule(&mut numbers);
        let invite = invite_of(&format!("DTSTART;TZID=Europe/Berlin:{begin}\nDURATION:PT90M\nRRULE:{rule}"));
        let event = &invite.events[0];
        let all = invite.occurrences(event, LONG_AGO, 60);
        for place in [1, 7, 30] {
            let Some(one) = all.get(place) else { continue };
            let before = one.end.at - time::Duration::SECOND;
            let rest = invite.occurrences(event, before, 5);
            let expected: Vec<_> = all.iter().filter(|one| one.end.at > before).take(5).collect();
            assert!(rest.iter().take(expected.len()).eq(expected), "{begin} {rule} from {before}");
        }
    }
}

#[test]
fn series_of_whole_invites_are_as_another_library_has_them() {
    let mut texts: Vec<(String, String)> =
        SAMPLES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    if let Some(root) = corpus() {
        texts.extend(calendars(&root));
    }
    // The other library reads a zone's offset from no such name, and makes a time of a day that has a zone.
    let is_common = |text: &str| {
        !text.contains("TZID=\"(")
            && !text.lines().any(|line| line.contains("TZID") && line.contains("VALUE=DATE:"))
    };
    texts.retain(|(_, text)| text.len() < 20_000 && is_common(text));
    let input: Vec<&str> = texts.iter().map(|(_, text)| text.as_str()).collect();
    let (from, to) = (datetime!(2005-01-01 0:00 UTC), datetime!(2030-01-01 0:00 UTC));
    let arguments = ["2005-01-01T00:00:00+00:00", "2030-01-01T00:00:00+00:00"];
    let Some(read) = python(READ, &json!(input), &arguments) else { return };
    let (mut compared, mut differences) = (0, Vec::new());
    for ((name, text), read) in texts.iter().zip(read) {
        let (Ok(invite), Some(expected)) = (parse(text.as_bytes()), read["events"].as_array()) else {
            continue;
        };
        let is_plain = invite.events.iter().all(|event| {
            let points = [&event.start, &event.end];
            event.warnings.is_empty()
                && points.into_iter().flatten().all(|when| !when.is_floating && when.unknown_zone.is_none())
        });
        if !is_plain || invite.left_out > 0 || expected.len() > 500 {
            continue;
        }
        let has_series = |event: &Event| {
            invite.events.iter().any(|other| other.uid == event.uid && other.recurrence_id.is_none())
        };
        // what is said of a series' occurrence is told with the series
        let told = invite.events.iter().filter(|event| event.recurrence_id.is_none() || !has_series(event));
        let mut found: Vec<String> = told
            .flat_map(|event| invite.occurrences(event, from, 600))
            .filter(|one| one.start.at < to)
            .map(|one| shown(&one.start))
            .collect();
        found.sort();
        let mut expected: Vec<String> =
            expected.iter().map(|event| event[0].as_str().unwrap().replace("+00:00", "Z")).collect();
        expected.sort();
        compared += 1;
        if found != expected {
            differences.push(format!("{name}\n found    {found:?}\n expected {expected:?}"));
        }
    }
    let first: Vec<String> = differences.iter().take(8).cloned().collect();
    assert!(differences.is_empty(), "{} of {compared}\n{}", differences.len(), first.join("\n"));
    assert!(compared >= 5, "{compared}");
}

fn shown(when: &mail::calendar::When) -> String {
    if when.is_date {
        return when.local.clone();
    }
    let format = time::format_description::well_known::Rfc3339;
    when.at.format(&format).unwrap()
}

/// The calendars of the corpus that are text.
pub(crate) fn calendars(root: &std::path::Path) -> Vec<(String, String)> {
    let mut folders = vec![root.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "ics") {
                let octets = std::fs::read(&path).unwrap_or_default();
                found.push((path.display().to_string(), String::from_utf8_lossy(&octets).into_owned()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn rules_without_an_end_or_a_beginning_cost_little() {
    let zones = [
        "DTSTART:20200101T000000Z",
        "DTSTART;TZID=America/New_York:19700101T000000",
        "DTSTART;VALUE=DATE:10010101",
    ];
    let rules = [
        "FREQ=SECONDLY",
        "FREQ=SECONDLY;COUNT=4000000000",
        "FREQ=SECONDLY;BYSECOND=59;BYMINUTE=59;BYHOUR=23;BYMONTHDAY=31;BYMONTH=12",
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=HOURLY;INTERVAL=4294967295",
        "FREQ=DAILY;COUNT=4294967295",
        "FREQ=DAILY;INTERVAL=4294967295",
        "FREQ=WEEKLY;INTERVAL=4294967295;BYDAY=MO",
        "FREQ=YEARLY;INTERVAL=4294967295",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYDAY=5MO;BYSETPOS=300",
        "FREQ=YEARLY;BYYEARDAY=366;BYDAY=MO;BYMONTH=1",
        "FREQ=DAILY;UNTIL=99991231T235959Z",
        "FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23;BYSETPOS=-366",
    ];
    for begin in zones {
        for rule in rules {
            let invite = invite_of(&format!("{begin}\nRRULE:{rule}"));
            for after in [LONG_AGO, datetime!(2026-11-21 0:00 UTC), datetime!(9999-12-31 23:59:59 UTC)] {
                let begun = Instant::now();
                let found = invite.occurrences(&invite.events[0], after, 100);
                assert!(found.len() <= 100);
                // 50 ms are what it may take; a machine that is busy gets ten times that
                assert!(begun.elapsed() < Duration::from_millis(500), "{rule}: {:?}", begun.elapsed());
            }
        }
    }
}

#[test]
fn what_repeats_every_second_is_found_years_later() {
    let invite = invite_of("DTSTART:20200101T000000Z\nRRULE:FREQ=SECONDLY");
    let found = invite.occurrences(&invite.events[0], datetime!(2026-11-21 10:00 UTC), 2);
    let starts: Vec<&str> = found.iter().map(|one| one.start.local.as_str()).collect();
    assert_eq!(starts, ["2026-11-21T10:00:01Z", "2026-11-21T10:00:02Z"]);
}

#[test]
fn an_end_counts_where_the_event_is() {
    let until = |begin: &str, until: &str| {
        let invite = invite_of(&format!("{begin}\nRRULE:FREQ=DAILY;UNTIL={until}"));
        invite.occurrences(&invite.events[0], LONG_AGO, 50).len()
    };
    // 23:00 in Berlin is 22:00 UTC: the 5th is the last
    assert_eq!(until("DTSTART;TZID=Europe/Berlin:20260101T230000", "20260105T220000Z"), 5);
    assert_eq!(until("DTSTART;TZID=Europe/Berlin:20260101T230000", "20260105T215959Z"), 4);
    assert_eq!(until("DTSTART;TZID=Europe/Berlin:20260101T230000", "20260105"), 5);
    assert_eq!(until("DTSTART;VALUE=DATE:20260101", "20260105"), 5);
    assert_eq!(until("DTSTART;VALUE=DATE:20260101", "20260105T000000Z"), 5);
}

#[test]
fn lengths_are_days_of_the_calendar_or_hours_of_the_clock() {
    let second = |lines: &str| {
        let invite = invite_of(&format!(
            "DTSTART;TZID=Europe/Berlin:20260328T120000\n{lines}\nRRULE:FREQ=DAILY;COUNT=2"
        ));
        invite.occurrences(&invite.events[0], LONG_AGO, 1).remove(0).end.local
    };
    // the clocks go forward in the night between
    assert_eq!(second("DURATION:P1D"), "2026-03-29T12:00:00+02:00");
    assert_eq!(second("DURATION:PT24H"), "2026-03-29T13:00:00+02:00");
}

#[test]
fn excepted_days_periods_and_cancelled_rests() {
    let starts = |lines: &str| {
        let invite = invite_of(lines);
        let found = invite.occurrences(&invite.events[0], LONG_AGO, 50);
        found
            .into_iter()
            .map(|one| format!("{}/{}", &one.start.local[8..16], &one.end.local[8..16]))
            .collect::<Vec<_>>()
    };
    let days =
        starts("DTSTART:20260101T100000Z\nRRULE:FREQ=DAILY;COUNT=4\nEXDATE;VALUE=DATE:20260102,20260103");
    assert_eq!(days, ["01T10:00/01T10:00", "04T10:00/04T10:00"]);
    let periods = starts(
        "DTSTART:20260101T100000Z\nRDATE;VALUE=PERIOD:20260105T100000Z/PT2H,20260106T100000Z/20260106T110000Z",
    );
    assert_eq!(periods, ["01T10:00/01T10:00", "05T10:00/05T12:00", "06T10:00/06T11:00"]);
    let rest = starts(
        "DTSTART:20260101T100000Z\nRRULE:FREQ=DAILY;COUNT=4\nEND:VEVENT\nBEGIN:VEVENT\nUID:1\n\
         RECURRENCE-ID;RANGE=THISANDFUTURE:20260103T100000Z\nDTSTART:20260103T120000Z\nDTEND:20260103T123000Z",
    );
    assert_eq!(rest, ["01T10:00/01T10:00", "02T10:00/02T10:00", "03T12:00/03T12:30", "04T12:00/04T12:30"]);
}

#[test]
fn rules_in_words() {
    let words = |rule: &str| event_of(&format!("DTSTART:20260101T100000Z\nRRULE:{rule}")).repeats;
    for (rule, expected) in [
        ("FREQ=DAILY", "every day"),
        ("FREQ=WEEKLY;BYDAY=MO;COUNT=10", "every week on Monday, 10 times"),
        ("FREQ=WEEKLY;BYDAY=FR,MO,TU,WE,TH", "every week on weekdays"),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;WKST=SU",
            "every 2 weeks on Tuesday and Thursday, with weeks from Sunday",
        ),
        ("FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20261231", "every month on the last Friday, until 2026-12-31"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15", "every month on day 1 and day 15"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "every month on the last day of the month"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "every month on the last weekday"),
        ("FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=2", "every month on the second Saturday or Sunday"),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "every month on Friday that is day 13"),
        ("FREQ=YEARLY;BYMONTH=3;BYDAY=2SU", "every year on the second Sunday in March"),
        ("FREQ=YEARLY;BYDAY=20MO", "every year on the 20th Monday of the year"),
        ("FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=24", "every year on day 24 in June"),
        ("FREQ=YEARLY;BYWEEKNO=-2;BYDAY=MO", "every year on Monday in the second to last week"),
        ("FREQ=HOURLY;INTERVAL=3;COUNT=1", "every 3 hours, once"),
        ("FREQ=DAILY;BYHOUR=9,13", "every day at hour 9 and 13"),
    ] {
        assert_eq!(words(rule), expected, "{rule}");
    }
    assert!(event_of("DTSTART:20260101T100000Z\nRRULE:FREQ=DAILY").is_endless);
    assert_eq!(event_of("DTSTART:20260101T100000Z").repeats, "");
}
