//! One agent: its facts, the form of what it may do, its sign-ins, what it did, and its end.

use access::{Account, AgentChange, AgentDetail, Family};
use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use domain::{FamilyId, GrantId, Scopes, Timestamp};

use super::{Badge, Line, badges, destinations};
use crate::{
    frame::{Answer, Fields, Frame, Notice, Person, Posted, Section, Site, day, encode, see_other, show},
    pages::{
        consent::Asker,
        limits::Slip,
        permission::{Ending, Permission, PermissionForm},
        words::{Moment, counted},
    },
};

/// Where the answers of a client may go, told on its page.
const MOST_DESTINATIONS: usize = 5;

#[derive(Template)]
#[template(path = "agent.html")]
struct Page {
    frame: Frame,
    line: Line,
    badges: Vec<Badge>,
    is_paused: bool,
    /// What it calls itself and who vouches for it; absent for a personal token.
    asker: Option<Asker>,
    destinations: Vec<String>,
    created: String,
    ends: Option<String>,
    families: Vec<SignIn>,
    counts: Vec<Count>,
    form: PermissionForm,
}

/// One sign-in of the agent.
struct SignIn {
    created: Moment,
    last_used: Option<Moment>,
    expires: Option<Moment>,
    /// Where its end is posted to.
    end: String,
}

/// How often it called a tool.
struct Count {
    tool: String,
    ok: String,
    other: String,
    has_other: bool,
}

pub(super) async fn page(State(site): State<Site>, person: Person, Path(id): Path<String>) -> Answer {
    let (detail, accounts) = find(&site, &person, &GrantId::from_text(id)).await?;
    let form = PermissionForm::of(&detail.agent.grant, &accounts);
    draw(&site, &person, &detail, form)
}

pub(super) async fn change(State(site): State<Site>, Path(id): Path<String>, posted: Posted) -> Answer {
    let Posted { person, fields } = posted;
    let id = GrantId::from_text(id);
    let (detail, accounts) = find(&site, &person, &id).await?;
    let grant = &detail.agent.grant;
    match Permission::read(&fields, Scopes::all(), &accounts, Some(grant)) {
        Ok(allowed) => {
            let expires = expires(allowed.ending, grant.expires, site.now());
            let Permission { scopes, accounts, limits, .. } = allowed;
            if limits.is_looser_than(&grant.limits, site.settings.approval) {
                person.proven(&site, &path_of(&id))?;
            }
            let change = AgentChange { scopes, accounts, limits, expires };
            site.access.agent_change(&person.signed_in, &id, &change).await?;
            Ok(see_other(&path_of(&id), Some(Notice::AgentChanged)))
        }
        Err(slips) => change_again(&site, &person, &detail, &accounts, &fields, slips),
    }
}

/// The page once more with the form as it was filled in.
fn change_again(
    site: &Site,
    person: &Person,
    detail: &AgentDetail,
    accounts: &[Account],
    fields: &Fields,
    slips: Vec<Slip>,
) -> Answer {
    let form = PermissionForm::of(&detail.agent.grant, accounts).typed(fields, slips);
    let mut response = draw(site, person, detail, form)?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

pub(super) async fn pause(State(site): State<Site>, Path(id): Path<String>, posted: Posted) -> Answer {
    let id = GrantId::from_text(id);
    site.access.agent_pause(&posted.person.signed_in, &id, true).await?;
    Ok(see_other(&path_of(&id), Some(Notice::AgentPaused)))
}

pub(super) async fn resume(State(site): State<Site>, Path(id): Path<String>, posted: Posted) -> Answer {
    let id = GrantId::from_text(id);
    site.access.agent_pause(&posted.person.signed_in, &id, false).await?;
    Ok(see_other(&path_of(&id), Some(Notice::AgentResumed)))
}

pub(super) async fn revoke(State(site): State<Site>, Path(id): Path<String>, posted: Posted) -> Answer {
    site.access.agent_revoke(&posted.person.signed_in, &GrantId::from_text(id)).await?;
    Ok(see_other("/agents", Some(Notice::AgentRevoked)))
}

pub(super) async fn end_family(
    State(site): State<Site>,
    Path((id, family)): Path<(String, String)>,
    posted: Posted,
) -> Answer {
    let id = GrantId::from_text(id);
    site.access.agent_family_end(&posted.person.signed_in, &id, &FamilyId::from_text(family)).await?;
    Ok(see_other(&path_of(&id), Some(Notice::SignInEnded)))
}

async fn find(
    site: &Site,
    person: &Person,
    id: &GrantId,
) -> Result<(AgentDetail, Vec<Account>), access::Error> {
    let detail = site.access.agent(&person.signed_in, id).await?;
    let accounts = site.access.account_list(person.name()).await?;
    Ok((detail, accounts))
}

fn path_of(id: &GrantId) -> String {
    format!("/agents/{}", encode(id.as_str()))
}

fn expires(ending: Ending, before: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    match ending {
        Ending::Kept => before,
        Ending::Never => None,
        Ending::After(time) => Some(now + time),
    }
}

fn draw(site: &Site, person: &Person, detail: &AgentDetail, form: PermissionForm) -> Answer {
    let now = site.now();
    let AgentDetail { agent, families, counts } = detail;
    let mut destinations = destinations(agent);
    destinations.truncate(MOST_DESTINATIONS);
    let sign_in = |family: &Family| SignIn {
        created: Moment::of(family.created, now),
        last_used: family.last_used.map(|at| Moment::of(at, now)),
        expires: family.expires.map(|at| Moment::of(at, now)),
        end: format!("{}/families/{}/end", path_of(&agent.grant.id), encode(family.id.as_str())),
    };
    show(&Page {
        frame: person.frame(Section::Agents),
        line: Line::of(agent, now),
        badges: badges(agent, now),
        is_paused: agent.is_paused,
        asker: agent.client.as_ref().map(Asker::of),
        destinations,
        created: day(agent.grant.created),
        ends: agent.grant.expires.map(day),
        families: families.iter().map(sign_in).collect(),
        counts: counts
            .iter()
            .map(|count| Count {
                tool: count.tool.clone(),
                ok: counted(count.ok, "time"),
                other: counted(count.other, "time"),
                has_other: count.other > 0,
            })
            .collect(),
        form,
    })
}
