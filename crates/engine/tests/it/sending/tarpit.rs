//! Who hangs holds up nobody else, and what is left alone hides nothing.

use std::sync::Arc;

use domain::{AccountSource, GrantId, GrantedAccount, Principal, Timestamp};
use engine::{
    outbox::{Authority, Standing},
    outgoing::SendRequest,
};
use futures_util::future::BoxFuture;
use storage::{Added, OutgoingState};
use testkit::{
    SmtpSink,
    smtp_sink::{Act, Fault, SinkOptions, Stage},
};

use super::outbox_world::{Octets, OutboxWorld, SOON, bounds, letter, like, request, smtp_at, to_bob};
use crate::world::{credentials, now, settings};

fn later(request: SendRequest) -> SendRequest {
    SendRequest { at: Some(now() + time::Duration::HOUR), ..request }
}

#[tokio::test]
async fn a_server_that_hangs_holds_up_its_own_account_only() {
    let few = engine::bounds::SendingBounds { at_once: 2, ..bounds() };
    let Some(mut world) = OutboxWorld::bounded(SinkOptions::default(), &few).await else { return };
    let hangs = SinkOptions::default().person("alice", "alice-secret");
    let hangs = SmtpSink::with(hangs.fault(Fault::new(Stage::Mail, Act::Hang))).unwrap();
    let mut slow = settings(&world.dovecot);
    slow.address = "slow@example.com".into();
    slow.smtp = Some(smtp_at(hangs.port()));
    let user = world.store.find_user("alice").await.unwrap().unwrap();
    let name: domain::AccountName = "slow".parse().unwrap();
    let account =
        world.store.add_account(&user.id, &name, &slow, &credentials("alice-secret")).await.unwrap();
    let source = AccountSource::Stored(account.id);
    world.principal.accounts.push(GrantedAccount { name, is_default: false, source });
    for number in 0..4 {
        let mut composition = letter(&["bob@example.org"], "Slow");
        composition.account = Some("slow".into());
        world.send(later(request(composition, Some(&number.to_string())))).await.unwrap();
    }
    world.clock.forward(1);
    let mut wish = later(to_bob(Some("quick")));
    wish.at = wish.at.map(|at| at + time::Duration::SECOND);
    world.send(wish).await.unwrap();
    world.clock.forward(3_600);
    world.work_until(&world.engine.clone(), async || world.sink.received().len() == 1).await;
    assert!(hangs.connections() <= 1, "one at a time for each account");
}

/// Vouches for one grant; of others nothing can be found out now.
struct Only(Arc<Principal>);

impl Authority for Only {
    fn standing<'a>(&'a self, grant: &'a GrantId, _: &'a str) -> BoxFuture<'a, Standing> {
        let standing =
            if *grant == self.0.grant { Standing::Holds(Arc::clone(&self.0)) } else { Standing::Unavailable };
        Box::pin(std::future::ready(standing))
    }
}

#[tokio::test]
async fn what_is_left_alone_does_not_hide_what_came_after_it() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    world.send(later(to_bob(Some("k")))).await.unwrap();
    let find = async || world.store.outbox_find_key(&world.principal.grant, "key:k").await.unwrap().unwrap();
    let row = find().await;
    for number in 1..=230 {
        let mut other = like(&row, number);
        other.grant = GrantId::from_text("gra_elsewhere");
        other.due = Timestamp::UNIX_EPOCH;
        let octets = Octets(vec![b'x'; usize::try_from(other.frozen.size).unwrap()]);
        assert!(matches!(world.store.outbox_add(&other, octets).await, Ok(Added::New)));
    }
    world.clock.forward(3_600);
    let authority = Arc::new(Only(Arc::new(world.principal.clone())));
    let sent = async {
        while find().await.state != OutgoingState::Sent {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = world.engine.run_outbox(authority) => {}
        waited = tokio::time::timeout(SOON, sent) => assert!(waited.is_ok(), "it is hidden"),
    }
}
