//! Deleting for good on a real Dovecot: what is refused, and what an emptied folder keeps. What every server
//! does is in `servers::organizing`.

use domain::{Code, FolderArg, Limits};
use engine::delete::DeleteRequest;
use testkit::Options;

use crate::{
    organizing::{deletion, deletion_confirmed},
    world::{NOW, empty_world, principal},
};

fn emptying(folder: &str) -> DeleteRequest {
    DeleteRequest { folder: Some(FolderArg::parse(folder)), ..deletion(&[]) }
}

#[tokio::test]
async fn deletions_that_make_no_sense_say_what_is_wrong() {
    let Some(world) = empty_world(Options::default()) else { return };
    world.notes("INBOX", &["one"]);
    let one = [world.id("@inbox", "one").await];
    for (request, code) in [
        (deletion(&[]), Code::InvalidInput),
        (DeleteRequest { folder: Some(FolderArg::parse("@trash")), ..deletion(&one) }, Code::InvalidInput),
        (DeleteRequest { account: Some("work".into()), ..deletion(&one) }, Code::InvalidInput),
        (emptying("@inbox"), Code::InvalidInput),
        (emptying("Nowhere"), Code::InvalidInput),
        (emptying("all"), Code::InvalidInput),
        (emptying("@trash"), Code::NotFound),
    ] {
        let problem = world.delete(request.clone()).await.unwrap_err();
        assert_eq!(problem.code, code, "{request:?}: {problem:?}");
    }
    let unknown = world.delete(deletion(&[one[0].replace(":1@", ":9@")])).await.unwrap();
    assert_eq!((unknown.plan, unknown.failed_count), (None, 1));
    assert_eq!(world.subjects("@inbox").await, ["one"]);
}

#[tokio::test]
async fn an_emptied_folder_keeps_what_the_grant_does_not_show() {
    let Some(mut world) = empty_world(Options::default()) else { return };
    // Three, two and one hour old.
    world.notes("Junk", &["a", "b", "c"]);
    let before = i64::try_from(NOW - 2 * 3_600 - 1_800).unwrap();
    let nothing_before = Some(domain::Timestamp::from_unix_timestamp(before).unwrap());
    let everything = world.principal.clone();
    world.principal = principal(&world.dovecot, Limits { nothing_before, ..Limits::default() });
    let planned = world.delete(emptying("@junk")).await.unwrap();
    let plan = planned.plan.as_ref().unwrap();
    let sample: Vec<&str> = plan.sample.iter().map(|row| row.subject.as_str()).collect();
    assert_eq!((plan.count, sample), (2, vec!["c", "b"]));
    let done = world.delete(deletion_confirmed(&planned)).await.unwrap();
    assert_eq!((done.done_count, done.failed_count, done.undo), (2, 0, None));
    world.principal = everything;
    assert_eq!(world.subjects("@junk").await, ["a"]);
}

#[tokio::test]
async fn a_folder_that_was_rebuilt_since_the_plan_loses_nothing() {
    let Some(world) = empty_world(Options::default()) else { return };
    world.notes("Old", &["one"]);
    let one = [world.id("Old", "one").await];
    let planned = world.delete(deletion(&one)).await.unwrap();
    let mut other = world.somebody();
    other.run("DELETE Old").unwrap();
    other.run("CREATE Old").unwrap();
    other.append("Old", &crate::organizing::note("another", 1)).unwrap();
    let done = world.delete(deletion_confirmed(&planned)).await.unwrap();
    assert_eq!((done.done_count, done.failed[0].problem.code), (0, Code::StaleId), "{done:?}");
    assert_eq!(world.files("Old").len(), 1);
}
