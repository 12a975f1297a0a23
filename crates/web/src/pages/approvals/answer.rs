//! The person's answer: yes, no, or no and the agent is paused. What it came to stands on the page of the message,
//! to which all of them lead.

use access::{ApprovalRefusal, SignInRefusal};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use domain::ApprovalId;

use super::{
    letter::{self, Slip},
    path_of,
};
use crate::frame::{Answer, Error, Notice, Posted, Site, encode, see_other};

pub(super) async fn approve(State(site): State<Site>, Path(id): Path<String>, posted: Posted) -> Answer {
    let Posted { person, fields } = posted;
    let id = ApprovalId::from_text(id);
    let password = fields.secret("password");
    let who = &person.signed_in;
    let message = match site.access.approval_approve(who, &id, &password, &person.browser).await {
        Ok(message) => message,
        Err(ApprovalRefusal::Answer(error)) => return too_late(&id, error),
        Err(ApprovalRefusal::ProofNeeded) if !site.access.ways(who).await?.has_password => {
            return Ok(see_other(&proof_path(&id), None));
        }
        Err(ApprovalRefusal::ProofNeeded) => return again(&site, &person, &id, Slip::Missing).await,
        Err(ApprovalRefusal::Proof(SignInRefusal::Wrong)) => {
            return again(&site, &person, &id, Slip::Wrong).await;
        }
        Err(ApprovalRefusal::Proof(SignInRefusal::TooMany(seconds))) => {
            return again(&site, &person, &id, Slip::TooMany(seconds)).await;
        }
        Err(ApprovalRefusal::Proof(SignInRefusal::Unavailable(error))) => return Err(error.into()),
    };
    // It leaves in any case; only what it has come to is not known then.
    if let Err(problem) = site.engine.begin_approved(&message.id).await {
        tracing::warn!(code = %problem.code, "an approved message could not be followed");
    }
    Ok(see_other(&path_of(&id), None))
}

pub(super) async fn deny(State(site): State<Site>, Path(id): Path<String>, posted: Posted) -> Answer {
    let id = ApprovalId::from_text(id);
    match site.access.approval_deny(&posted.person.signed_in, &id).await {
        Ok(_) => Ok(see_other(&path_of(&id), None)),
        Err(error) => too_late(&id, error),
    }
}

pub(super) async fn deny_and_pause(
    State(site): State<Site>,
    Path(id): Path<String>,
    posted: Posted,
) -> Answer {
    let id = ApprovalId::from_text(id);
    let who = &posted.person.signed_in;
    let message = site.access.approval_of(who, &id).await?;
    // first: what is said no to is only one of the things that it may do
    let paused = site.access.agent_pause(who, &message.grant, true).await;
    let denied = site.access.approval_deny(who, &id).await;
    match paused {
        Ok(()) | Err(access::Error::AgentNotFound) => {}
        Err(error) => return Err(error.into()),
    }
    match denied {
        Ok(_) => Ok(see_other(&path_of(&id), paused.is_ok().then_some(Notice::AgentPaused))),
        Err(error) => too_late(&id, error),
    }
}

/// Where the person proves who they are for this one message, otherwise than by their password.
pub(super) fn proof_path(id: &ApprovalId) -> String {
    format!("/prove?next={}&for={}", encode(&path_of(id)), encode(id.as_str()))
}

/// What was answered before, or comes too late: the page of the message says what became of it.
fn too_late(id: &ApprovalId, error: access::Error) -> Answer {
    match error {
        access::Error::ApprovalDecided(_) | access::Error::ApprovalExpired => {
            Ok(see_other(&path_of(id), Some(Notice::AnsweredBefore)))
        }
        error => Err(Error::from(error)),
    }
}

/// The page once more, since the proof was none. Nothing was sent.
async fn again(
    site: &Site,
    person: &crate::frame::Person,
    id: &ApprovalId,
    slip: Slip,
) -> Result<Response, Error> {
    let status = if matches!(slip, Slip::TooMany(_)) {
        StatusCode::TOO_MANY_REQUESTS
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let mut response = letter::draw(site, person, id, Some(slip)).await?;
    *response.status_mut() = status;
    Ok(response)
}
