//! What the page says of a chain that was altered or is long, and of what could not be taken back.

use domain::{Code, Problem};
use engine::organize::FailedOne;
use time::{Duration, macros::datetime};

use super::*;

const NOW: Timestamp = datetime!(2026-11-21 12:00 UTC);

/// The part of the page about a check that stands so.
fn shown(check: &ChainCheck) -> String {
    ChainPart { frame: Frame::outside(), chain: ChainShown::of(check, NOW) }.render().unwrap()
}

#[test]
fn a_broken_chain_names_the_entry_and_says_whom_to_tell() {
    let last = Some((Chain::BrokenAt(7), NOW - Duration::minutes(5)));
    let part = shown(&ChainCheck { rows: 20, last, done: 0 });
    let told = "<p role=\"status\" class=\"notice bad\">Entry 7 is not as it was written, or one before it is \
                missing. Checked 5 minutes ago.";
    assert!(part.contains(told) && part.contains("tell whoever runs this server"), "{part}");
    assert!(part.contains("Check the chain") && !part.contains("<progress"), "{part}");
}

#[test]
fn a_long_chain_is_checked_further_by_itself_and_by_a_button() {
    let last = Some((Chain::Whole(9), NOW));
    let part = shown(&ChainCheck { rows: 250_000, last, done: 100_000 });
    assert!(part.contains("100,000 of 250,000 entries looked at so far."), "{part}");
    assert!(part.contains("<progress max=\"250000\" value=\"100000\""), "{part}");
    assert!(
        part.contains(">Go on checking</button>") && part.contains("hx-trigger=\"load, submit\""),
        "{part}"
    );
    assert!(!part.contains("are as they were written"), "what was found before is not told of this check");
    let part = shown(&ChainCheck { rows: 9, last, done: 0 });
    assert!(part.contains("All 9 entries are as they were written. Checked just now."), "{part}");
    assert!(!part.contains("Go on checking") && !part.contains("hx-"), "{part}");
    let part = shown(&ChainCheck { rows: 9, last: None, done: 0 });
    assert!(part.contains("Not checked yet."), "{part}");
}

#[test]
fn what_could_not_be_taken_back_is_counted_and_named_with_what_to_do() {
    let problem = Problem::new(Code::Conflict, "It was <b>moved</b> since.").hint("Move it back yourself.");
    let of = |uid: u32| FailedOne { id: format!("work/@inbox:{uid}@\u{202e}k2x9"), problem: problem.clone() };
    let undone = Undone { undone: 1, failed: (1..=25).map(of).collect(), failed_count: 1_200 };
    let page = UndonePage::of(undone, Frame::outside(), Next::of("/activity?tool=mail_organize"));
    let page = page.render().unwrap();
    assert!(page.contains("Not all of it could be taken back"), "{page}");
    assert!(page.contains("<dt>As before</dt><dd>1 thing</dd>"), "{page}");
    assert!(page.contains("<dt>Left as it is</dt><dd>1,200 things</dd>"), "{page}");
    let first = "<li><code>work/@inbox:1@k2x9</code> It was &#60;b&#62;moved&#60;/b&#62; since. Move it back yourself.</li>";
    assert!(page.contains(first), "{page}");
    assert_eq!(page.matches("<li><code>").count(), NAMED, "a page has an end");
    assert!(page.contains("href=\"/activity?tool=mail_organize\">Back to the activity"), "{page}");
    let nowhere = UndonePage::of(Undone::default(), Frame::outside(), Next::of("//evil.example"));
    assert!(nowhere.render().unwrap().contains("href=\"/activity\">Back to the activity"));
}
