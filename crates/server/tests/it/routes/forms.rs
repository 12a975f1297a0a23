//! Forms about things of alice's that are really there, with fields missing and overlong, where it takes a mail
//! server to have such things. All other forms are tried in the tests of the pages themselves.

use testkit::{Maildir, Options, require_submission, sample};

use super::{NOW, callers::Callers, sources};

/// Fields of any form.
const NAMES: [&str; 22] = [
    "account",
    "address",
    "allowed_folders",
    "answer",
    "approval",
    "before",
    "begun",
    "code",
    "ending",
    "invitation",
    "name",
    "note",
    "old",
    "passkey",
    "password",
    "pending",
    "scope",
    "session",
    "signature",
    "subject",
    "typed",
    "undo",
];

/// Where a message waits, and where one is on its way, and what stands there as long as it is so.
const STANDING: [(&str, &str); 2] = [("/approvals/{id}", "/approve\""), ("/outbox/{id}", "/cancel\"")];

#[test]
fn no_form_with_fields_missing_or_overlong_sends_a_message_or_is_a_fault() {
    let Some(submission) = require_submission(Options::default()) else { return };
    sample::fill(&Maildir::of(&submission, "alice").unwrap(), NOW).unwrap();
    let callers = Callers::at(&submission);
    let long = "ä".repeat(1_100);
    let overlong: Vec<(&str, &str)> = NAMES.iter().map(|name| (*name, long.as_str())).collect();
    for (route, refused) in [("/approvals/{id}/approve", 422), ("/outbox/{id}/again", 303)] {
        for fields in [&[][..], &overlong] {
            let answer = callers.submit_as_alice(route, fields);
            assert_eq!(answer.status, refused, "{route}: {}", answer.body);
            assert!(refused != 303 || answer.header("location").ends_with("?done=outbox-moved"), "{route}");
            for (page, words) in STANDING {
                let shown = callers.shown_to_alice(page);
                assert!(shown.contains(words), "{page} after {route}: {shown}");
            }
        }
    }
    assert!(submission.sink().transactions().is_empty());
    // a click is all that these take, and what else comes along is passed over
    for (_, route) in sources::routes().iter().filter(|(method, _)| method == "post") {
        for fields in [&[][..], &overlong] {
            if route != "/logout" {
                let answer = callers.submit_as_alice(route, fields);
                assert!(answer.status < 500, "{route}: {} {}", answer.status, answer.body);
            }
        }
    }
    assert!(callers.shown_to_alice("/settings").contains("/logout"), "she is signed in as before");
}
