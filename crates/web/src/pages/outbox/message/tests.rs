//! The page of one message, as it stands: what it says, and what can be pressed.

use engine::outbox::{Copy, Looked, Outgoing};
use time::Duration;

use super::*;
use crate::pages::outgoing::{NOW, outgoing, own, refused_for_carol, refused_with};

fn shown(own: &OwnOutgoing) -> String {
    draw(own, Frame::outside(), AgentAccess::Holds, None, NOW).render().unwrap()
}

/// Whether there is a form for that.
fn offers(page: &str, action: &str) -> bool {
    page.contains(&format!("action=\"/outbox/{}/{action}\"", outgoing(OutgoingState::Sent).id))
}

#[test]
fn what_is_tried_again_says_why_it_did_not_leave_and_when_the_next_try_is() {
    let again = own(Outgoing {
        outcome: Some(refused_with("451 greylisted <b>")),
        due: NOW + Duration::minutes(5),
        ..outgoing(OutgoingState::Ready)
    });
    let page = shown(&again);
    assert!(page.contains("<span class=\"badge warn\">tried again</span>"), "{page}");
    let why = "The server did not take the message. The server said: “451 greylisted &#60;b&#62;”";
    assert!(page.contains(why) && page.contains("Next try in 5 minutes."), "{page}");
    assert!(page.contains("<dt>Tried</dt><dd>1 time</dd>"), "{page}");
    assert!(offers(&page, "now") && offers(&page, "cancel") && !offers(&page, "again"), "{page}");
    // before its first try it only waits
    let first = own(Outgoing { outcome: None, attempts: 0, ..again.message });
    let page = shown(&first);
    assert!(page.contains(">scheduled</span>") && page.contains("It leaves in 5 minutes."), "{page}");
    assert!(page.contains("<dt>Tried</dt><dd>not yet</dd>"), "{page}");
}

#[test]
fn what_was_sent_without_a_copy_offers_to_file_it_while_its_octets_are_kept() {
    let lacking = Copy { state: CopyState::Failed, id: None, tries: 3, next: None };
    let mut sent = own(Outgoing { copy: lacking, ..outgoing(OutgoingState::Sent) });
    let page = shown(&sent);
    assert!(page.contains("<span class=\"badge warn\">sent, no copy</span>"), "{page}");
    assert!(page.contains("no copy could be put into your Sent folder"), "{page}");
    assert!(page.contains("<dt>Copy</dt><dd>could not be filed</dd>"), "{page}");
    assert!(offers(&page, "copy") && offers(&page, "look") && !offers(&page, "again"), "{page}");
    sent.has_octets = false;
    assert!(!offers(&shown(&sent), "copy"), "there is nothing to file");
    // as long as it is tried by itself there is nothing to do
    sent.has_octets = true;
    sent.message.copy.next = Some(NOW + Duration::hours(1));
    let page = shown(&sent);
    assert!(page.contains("<span class=\"badge ok\">sent</span>") && !offers(&page, "copy"), "{page}");
    assert!(page.contains("<dt>Copy</dt><dd>filed in 1 hour</dd>"), "{page}");
}

#[test]
fn what_may_have_left_says_what_was_found_and_warns_before_it_is_sent_again() {
    let mut unknown = own(outgoing(OutgoingState::Unknown));
    let page = shown(&unknown);
    assert!(page.contains(">perhaps sent</span>") && page.contains("may get it twice"), "{page}");
    assert!(["look", "sent", "again", "forget"].iter().all(|action| offers(&page, action)), "{page}");
    unknown.looked = Some(Looked { at: NOW, is_found: true });
    assert!(shown(&unknown).contains("It is in your Sent folder"));
    unknown.looked = Some(Looked { at: NOW, is_found: false });
    assert!(shown(&unknown).contains("That proves nothing"));
    unknown.has_octets = false;
    let page = shown(&unknown);
    assert!(page.contains("is not kept any more") && !offers(&page, "again"), "{page}");
}

#[test]
fn what_was_sent_to_some_says_who_did_not_get_it() {
    let outcome = Some(refused_for_carol("550 no such user"));
    let page = shown(&own(Outgoing { outcome, ..outgoing(OutgoingState::PartlySent) }));
    assert!(page.contains(">sent to some</span>"), "{page}");
    assert!(page.contains("did not take it for carol@example.org. The others have it."), "{page}");
    let taken = "bob@example.org</th><td><span class=\"badge ok\">took it</span>";
    let refused = "carol@example.org</th><td><span class=\"badge bad\">refused it</span> 550 no such user";
    assert!(page.contains(taken) && page.contains(refused), "{page}");
}
