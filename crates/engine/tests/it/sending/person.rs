//! What a person does themselves: messages that may have left, or did not, are sent again, looked for, settled.

use std::time::Duration;

use domain::{Code, Door, GrantId, Limits, OutboxId, Principal};
use engine::{
    outbox::{Acted, CopyState, InSent, OutgoingState, OwnOutgoing, Pile},
    outgoing::SendStatus,
};
use testkit::smtp_sink::{Act, Fault, SinkOptions, Stage};

use super::{
    copies::files_itself,
    outbox_world::{OutboxWorld, ended, to_bob},
};

/// Cut after the last octets, once.
fn cut() -> SinkOptions {
    SinkOptions::default().fault(Fault::new(Stage::End, Act::Close).once())
}

impl OutboxWorld {
    /// Alice herself, on her pages: under no grant, and asked about strangers if she were an agent.
    pub(super) fn person(&self) -> Principal {
        Principal {
            grant: GrantId::from_text("gra_page"),
            client: "page".into(),
            door: Door::Page,
            limits: Limits::default(),
            ..self.principal.clone()
        }
    }

    pub(super) async fn the_one(&self, pile: Pile) -> OwnOutgoing {
        let mut listing = self.engine.own_outbox(&self.person(), pile, None, 50).await.unwrap();
        assert_eq!((listing.messages.len(), listing.unreadable), (1, 0), "{pile:?}");
        listing.messages.remove(0)
    }

    async fn own(&self, id: &OutboxId) -> OwnOutgoing {
        self.engine.own_outgoing(&self.person(), id).await.unwrap()
    }

    async fn again(&self, id: &OutboxId, attempts: u32) -> Acted {
        self.engine.send_own_again(&self.person(), id, attempts).await.unwrap()
    }
}

#[tokio::test]
async fn what_may_have_left_its_person_sends_again_once_for_all_clicks() {
    let Some(world) = OutboxWorld::new(cut()).await else { return };
    files_itself(&world, false).await;
    let outcome = world.send(to_bob(Some("k"))).await.unwrap();
    assert_eq!(outcome.status, SendStatus::Unknown);
    let id = world.the_one(Pile::Wanting).await.message.id;
    // Its grant has ended meanwhile; in another process somebody clicks, too.
    world.store.outbox_cancel(&world.principal.grant).await.unwrap();
    let other = world.another(2).await;
    let person = world.person();
    let _ = tokio::join!(world.again(&id, 1), world.again(&id, 1), other.send_own_again(&person, &id, 1),);
    world
        .work_until(&world.engine.clone(), async || world.own(&id).await.message.state == OutgoingState::Sent)
        .await;
    assert_eq!(world.again(&id, 1).await, Acted::Late, "a page that was made before");
    let handed = ended(&world.sink);
    assert_eq!(handed.len(), 2, "the first time and this");
    assert_eq!(handed[0].data, handed[1].data, "as it was");
    assert!(String::from_utf8_lossy(&handed[1].data).contains(&outcome.message_id));
    let state = world.state_of("k").await.unwrap();
    assert_eq!((state.status, state.message_id), (SendStatus::Sent, outcome.message_id));
    world.work_until(&world.engine.clone(), async || world.filed("Sent").len() == 1).await;
}

#[tokio::test]
async fn no_agent_sends_again_what_may_have_left_whatever_its_person_tried() {
    for fault in [
        Fault::say(Stage::Rcpt, "550 5.1.1 no such"),
        Fault::say(Stage::Data, "451 4.3.0 not now"),
        Fault::new(Stage::Mail, Act::Close),
    ] {
        let Some(world) = OutboxWorld::new(cut()).await else { return };
        assert_eq!(world.send(to_bob(Some("k"))).await.unwrap().status, SendStatus::Unknown);
        let id = world.the_one(Pile::Wanting).await.message.id;
        world.sink.now_fails(fault.clone());
        assert_eq!(world.again(&id, 1).await, Acted::Done);
        let own = world.own(&id).await;
        assert_eq!((own.message.state, own.message.attempts), (OutgoingState::Unknown, 2), "{fault:?}");
        assert!(own.message.outcome.unwrap().problem.is_some(), "why is said");
        // The key still names it, and nobody tries on.
        assert_eq!(world.send(to_bob(Some("k"))).await.unwrap().status, SendStatus::Unknown);
        world.clock.forward(24 * 3_600);
        let mut rounds = 0;
        world
            .work_until(&world.engine.clone(), async || {
                rounds += 1;
                rounds > 5
            })
            .await;
        assert_eq!(world.own(&id).await.message.state, OutgoingState::Unknown);
        assert_eq!(ended(&world.sink).len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn what_failed_its_person_sends_again() {
    let options = SinkOptions::default().fault(Fault::say(Stage::Mail, "554 5.7.1 go away").once());
    let Some(world) = OutboxWorld::new(options).await else { return };
    world.send(to_bob(Some("k"))).await.unwrap_err();
    let own = world.the_one(Pile::Wanting).await;
    assert!(own.has_octets && own.message.state == OutgoingState::Failed);
    assert_eq!(world.again(&own.message.id, 1).await, Acted::Done);
    assert_eq!(world.own(&own.message.id).await.message.state, OutgoingState::Sent);
    assert_eq!(world.sink.received().len(), 1);
    // It was put away, and so there is nothing to send.
    assert_eq!(world.engine.forget_own(&world.person(), &own.message.id).await, Ok(Acted::Done));
    let gone = world.engine.send_own_again(&world.person(), &own.message.id, 2).await;
    assert_eq!(gone.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn what_is_in_sent_was_sent_and_what_is_not_gets_its_copy_once_it_is_said_to_be() {
    let faults = Fault::new(Stage::End, Act::Close).times(2);
    let Some(world) = OutboxWorld::new(SinkOptions::default().fault(faults)).await else { return };
    let person = world.person();
    assert_eq!(world.send(to_bob(Some("k"))).await.unwrap().status, SendStatus::Unknown);
    let id = world.the_one(Pile::Wanting).await.message.id;
    assert_eq!(world.engine.look_in_sent(&person, &id).await, Ok(InSent::Absent));
    assert!(!world.own(&id).await.looked.unwrap().is_found);
    assert_eq!(world.engine.settle_own(&person, &id).await, Ok(Acted::Done));
    assert_eq!(world.engine.settle_own(&person, &id).await, Ok(Acted::Late));
    world
        .work_until(&world.engine.clone(), async || {
            world.own(&id).await.message.copy.state == CopyState::Stored
        })
        .await;
    assert_eq!(world.filed("Sent").len(), 1);
    assert_eq!(world.state_of("k").await.unwrap().status, SendStatus::Sent);

    let second = world.send(to_bob(Some("l"))).await.unwrap();
    assert_eq!(second.status, SendStatus::Unknown);
    let id = world.the_one(Pile::Wanting).await.message.id;
    let copy = format!("From: alice@example.org\r\nMessage-ID: {}\r\n\r\nHello\r\n", second.message_id);
    world.maildir.deliver("Sent", 2, &testkit::Mail::new(copy, crate::world::NOW)).unwrap();
    assert_eq!(world.engine.look_in_sent(&person, &id).await, Ok(InSent::Found));
    assert!(world.own(&id).await.looked.unwrap().is_found);
    assert_eq!(world.engine.settle_own(&person, &id).await, Ok(Acted::Done));
    assert_eq!(world.own(&id).await.message.copy.state, CopyState::Kept);
    assert_eq!(ended(&world.sink).len(), 2, "nothing was sent again");
}

#[tokio::test]
async fn what_waits_leaves_now_or_never_as_its_person_wants() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    let later = |key| {
        let at = Some(
            domain::Timestamp::from_unix_timestamp(i64::try_from(crate::world::NOW).unwrap()).unwrap()
                + Duration::from_hours(24),
        );
        engine::outgoing::SendRequest { at, ..to_bob(Some(key)) }
    };
    assert_eq!(world.send(later("now")).await.unwrap().status, SendStatus::Scheduled);
    let id = world.the_one(Pile::Leaving).await.message.id;
    assert_eq!(world.engine.send_own_now(&world.person(), &id).await, Ok(Acted::Done));
    world
        .work_until(&world.engine.clone(), async || {
            world.state_of("now").await.unwrap().status == SendStatus::Sent
        })
        .await;
    assert_eq!(world.send(later("never")).await.unwrap().status, SendStatus::Scheduled);
    let id = world.the_one(Pile::Leaving).await.message.id;
    assert_eq!(world.engine.cancel_own(&world.person(), &id).await, Ok(Acted::Done));
    assert_eq!(world.engine.cancel_own(&world.person(), &id).await, Ok(Acted::Late));
    assert_eq!(world.engine.send_own_now(&world.person(), &id).await, Ok(Acted::Late));
    assert_eq!(world.state_of("never").await.unwrap().status, SendStatus::Cancelled);
    assert_eq!(world.sink.received().len(), 1);
}

#[tokio::test]
async fn nobody_does_anything_with_somebody_elses_mail() {
    let Some(world) = OutboxWorld::new(cut()).await else { return };
    world.send(to_bob(Some("k"))).await.unwrap();
    let id = world.the_one(Pile::Wanting).await.message.id;
    // Even with alice's account in hand.
    let bob = Principal { user: "bob".into(), ..world.person() };
    let engine = &world.engine;
    assert!(engine.own_outbox(&bob, Pile::Wanting, None, 50).await.unwrap().messages.is_empty());
    let refused = [
        engine.own_outgoing(&bob, &id).await.map(drop),
        engine.cancel_own(&bob, &id).await.map(drop),
        engine.send_own_now(&bob, &id).await.map(drop),
        engine.look_in_sent(&bob, &id).await.map(drop),
        engine.settle_own(&bob, &id).await.map(drop),
        engine.send_own_again(&bob, &id, 1).await.map(drop),
        engine.file_own_again(&bob, &id).await.map(drop),
        engine.forget_own(&bob, &id).await.map(drop),
    ];
    for answer in refused {
        assert_eq!(answer.unwrap_err().code, Code::NotFound);
    }
    assert_eq!(world.own(&id).await.message.state, OutgoingState::Unknown);
    assert_eq!(ended(&world.sink).len(), 1);
}
