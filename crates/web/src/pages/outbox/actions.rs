//! What the person does with a message of the outbox: each a form, each a row in their audit trail. A message that
//! is not theirs is not there; one that has moved on is left as it is.

use axum::extract::{Path, State};
use domain::{OutboxId, Principal, Problem};
use engine::outbox::{Acted, InSent};

use super::message::known;
use crate::frame::{Answer, Error, Notice, Person, Posted, Site, see_other};

pub(super) async fn cancel(State(site): State<Site>, Path(id): Path<String>, posted: Posted) -> Answer {
    let act = Act::begin(&site, &posted.person, id, "outbox_cancel").await?;
    let acted = site.engine.cancel_own(&act.principal, &act.id).await;
    if matches!(acted, Ok(Acted::Done)) {
        // so that what the agent had done says that it was taken back
        site.access.activity_undone(&posted.person.signed_in, act.id.as_str(), "ok").await?;
    }
    act.end(acted, Notice::OutboxCancelled).await
}

pub(super) async fn now(State(site): State<Site>, Path(id): Path<String>, posted: Posted) -> Answer {
    let act = Act::begin(&site, &posted.person, id, "outbox_now").await?;
    let acted = site.engine.send_own_now(&act.principal, &act.id).await;
    act.end(acted, Notice::OutboxNow).await
}

pub(super) async fn look(State(site): State<Site>, Path(id): Path<String>, posted: Posted) -> Answer {
    let act = Act::begin(&site, &posted.person, id, "outbox_look").await?;
    let found = site.engine.look_in_sent(&act.principal, &act.id).await;
    let (outcome, notice) = match &found {
        Ok(InSent::Found) => ("ok", Notice::OutboxFound),
        Ok(InSent::Absent) => ("ok", Notice::OutboxAbsent),
        Ok(InSent::NotLooked(problem)) | Err(problem) => (problem.code.as_str(), Notice::OutboxNotLooked),
    };
    act.record(outcome).await;
    found?;
    Ok(see_other(&act.path(), Some(notice)))
}

pub(super) async fn sent(State(site): State<Site>, Path(id): Path<String>, posted: Posted) -> Answer {
    let act = Act::begin(&site, &posted.person, id, "outbox_settle").await?;
    let acted = site.engine.settle_own(&act.principal, &act.id).await;
    act.end(acted, Notice::OutboxSettled).await
}

pub(super) async fn again(State(site): State<Site>, Path(id): Path<String>, posted: Posted) -> Answer {
    let act = Act::begin(&site, &posted.person, id, "outbox_again").await?;
    // What was begun another number of times since the page was made is not what the person decided about.
    let acted = match posted.fields.text("begun").parse() {
        Ok(begun) => site.engine.send_own_again(&act.principal, &act.id, begun).await,
        Err(_) => site.engine.own_outgoing(&act.principal, &act.id).await.map(|_| Acted::Late),
    };
    act.end(acted, Notice::OutboxAgain).await
}

pub(super) async fn copy(State(site): State<Site>, Path(id): Path<String>, posted: Posted) -> Answer {
    let act = Act::begin(&site, &posted.person, id, "outbox_copy").await?;
    let acted = site.engine.file_own_again(&act.principal, &act.id).await;
    act.end(acted, Notice::OutboxCopying).await
}

pub(super) async fn forget(State(site): State<Site>, Path(id): Path<String>, posted: Posted) -> Answer {
    let act = Act::begin(&site, &posted.person, id, "outbox_forget").await?;
    let acted = site.engine.forget_own(&act.principal, &act.id).await;
    match acted {
        Ok(Acted::Done) => {
            act.record("ok").await;
            Ok(see_other("/outbox", Some(Notice::OutboxForgotten)))
        }
        acted => act.end(acted, Notice::OutboxForgotten).await,
    }
}

/// Something that a person does.
struct Act<'a> {
    site: &'a Site,
    principal: Principal,
    id: OutboxId,
    what: &'static str,
}

impl<'a> Act<'a> {
    async fn begin(site: &'a Site, person: &Person, id: String, what: &'static str) -> Result<Self, Error> {
        let id = known(id)?;
        let principal = site.access.person(&person.signed_in).await?;
        Ok(Self { site, principal, id, what })
    }

    async fn end(&self, acted: Result<Acted, Problem>, done: Notice) -> Answer {
        let (outcome, notice) = match &acted {
            Ok(Acted::Done) => ("ok", done),
            Ok(Acted::Late) => ("late", Notice::OutboxMoved),
            Err(problem) => (problem.code.as_str(), Notice::OutboxMoved),
        };
        self.record(outcome).await;
        acted?;
        Ok(see_other(&self.path(), Some(notice)))
    }

    async fn record(&self, outcome: &str) {
        let targets = [self.id.to_string()];
        self.site.access.audit().record_page(&self.principal.user, self.what, &targets, outcome).await;
    }

    fn path(&self) -> String {
        format!("/outbox/{}", self.id)
    }
}
