//! What is done from the page of activity: taking something back, checking the chain, deleting entries.

use access::{Chain, ChainCheck, Occasion};
use askama::Template;
use axum::extract::State;
use domain::Timestamp;
use engine::undo::Undone;

use super::filter::parse;
use crate::{
    frame::{Answer, Frame, Next, Notice, Person, Posted, Section, Site, ago, prove_first, see_other, show},
    pages::words::{counted, foreign, grouped},
};

/// Messages that are named of those that could not be taken back.
const NAMED: usize = 20;
/// Where entries are deleted.
const DELETE: &str = "/activity/delete";

/// How the check of the chain stands, in words.
pub(super) struct ChainShown {
    pub(super) tone: &'static str,
    pub(super) text: String,
    /// What the button says.
    pub(super) button: &'static str,
    /// How far the check that is under way has come.
    pub(super) done: u64,
    pub(super) rows: u64,
}

impl ChainShown {
    pub(super) fn of(check: &ChainCheck, now: Timestamp) -> Self {
        let entries = |count: u64| counted(count, "entry").replace("entrys", "entries");
        let (tone, text) = match &check.last {
            _ if check.done > 0 => {
                ("", format!("{} of {} looked at so far.", grouped(check.done), entries(check.rows)))
            }
            // what was checked may have been deleted since
            None | Some((Chain::Whole(0), _)) => ("", "Not checked yet.".to_owned()),
            Some((Chain::Whole(1), at)) => {
                ("ok", format!("The one entry there was is as it was written. Checked {}.", ago(now, *at)))
            }
            Some((Chain::Whole(count), at)) => (
                "ok",
                format!("All {} are as they were written. Checked {}.", entries(*count), ago(now, *at)),
            ),
            Some((Chain::BrokenAt(seq), at)) => (
                "bad",
                format!(
                    "Entry {seq} is not as it was written, or one before it is missing. Checked {}. \
                     Somebody has changed the database: tell whoever runs this server.",
                    ago(now, *at)
                ),
            ),
        };
        let button = if check.done > 0 { "Go on checking" } else { "Check the chain" };
        Self { tone, text, button, done: check.done, rows: check.rows }
    }
}

/// The part of the page about the chain, in the place of which it is put while a check goes on.
#[derive(Template)]
#[template(path = "activity/chain.html")]
struct ChainPart {
    frame: Frame,
    chain: ChainShown,
}

/// What came of taking something back, where not all of it was.
#[derive(Template)]
#[template(path = "activity/undone.html")]
struct UndonePage {
    frame: Frame,
    undone: String,
    failed: String,
    named: Vec<(String, String, String)>,
    next: Next,
}

pub(super) async fn undo(State(site): State<Site>, posted: Posted) -> Answer {
    let Posted { person, fields } = posted;
    let handle = fields.text("undo");
    let next = Next::of(fields.text("next"));
    let principal = site.access.person(&person.signed_in).await?;
    let result = site.engine.undo_as_person(&principal, handle, &|_, _| {}).await;
    let outcome = match &result {
        Ok(undone) if undone.failed_count == 0 => "ok",
        Ok(undone) if undone.undone > 0 => "partly",
        Ok(_) => "failed",
        Err(problem) => problem.code.as_str(),
    };
    site.access.activity_undone(&person.signed_in, handle, outcome).await?;
    let undone = result?;
    if undone.failed_count == 0 {
        let back = if next.as_str().starts_with("/activity") { next.path() } else { "/activity" };
        return Ok(see_other(back, Some(Notice::TakenBack)));
    }
    show(&UndonePage::of(undone, person.frame(Section::Activity), next))
}

impl UndonePage {
    fn of(undone: Undone, frame: Frame, next: Next) -> Self {
        let Undone { undone, failed, failed_count } = undone;
        let named = failed
            .iter()
            .take(NAMED)
            .map(|one| (foreign(&one.id, 300), one.problem.message.clone(), one.problem.hint.clone()));
        Self {
            frame,
            undone: counted(undone, "thing"),
            failed: counted(failed_count, "thing"),
            named: named.collect(),
            next,
        }
    }
}

pub(super) async fn check(
    State(site): State<Site>,
    headers: axum::http::HeaderMap,
    posted: Posted,
) -> Answer {
    let person = posted.person;
    // what was done just now is checked, too
    site.access.flush().await;
    let check = site.access.activity_check(&person.signed_in).await?;
    if headers.contains_key("hx-request") {
        let chain = ChainShown::of(&check, site.now());
        return show(&ChainPart { frame: person.frame(Section::Activity), chain });
    }
    Ok(see_other("/activity#chain", None))
}

/// What is to be deleted.
#[derive(Template)]
#[template(path = "activity/delete.html")]
struct DeletePage {
    frame: Frame,
    rows: String,
    today: String,
    error: &'static str,
}

pub(super) async fn delete_form(State(site): State<Site>, person: Person) -> Answer {
    if !site.access.is_proven(&person.signed_in, &Occasion::Change) {
        return Ok(prove_first(DELETE));
    }
    draw_delete(&site, &person, "").await
}

pub(super) async fn delete(State(site): State<Site>, posted: Posted) -> Answer {
    let Posted { person, fields } = posted;
    if !site.access.is_proven(&person.signed_in, &Occasion::Change) {
        return Ok(prove_first(DELETE));
    }
    let before = match fields.text("what") {
        "all" => None,
        "before" => match parse(fields.text("before")) {
            Some(day) if day <= site.now().date() => Some(day.midnight().assume_utc()),
            Some(_) => return wrong(&site, &person, "Choose a day that has come.").await,
            None => return wrong(&site, &person, "Choose a day.").await,
        },
        _ => return wrong(&site, &person, "Choose what is to be deleted.").await,
    };
    site.access.activity_delete(&person.signed_in, before).await?;
    Ok(see_other("/activity", Some(Notice::ActivityDeleted)))
}

async fn wrong(site: &Site, person: &Person, error: &'static str) -> Answer {
    let mut response = draw_delete(site, person, error).await?;
    *response.status_mut() = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

async fn draw_delete(site: &Site, person: &Person, error: &'static str) -> Answer {
    let check = site.access.activity_checked(&person.signed_in).await?;
    show(&DeletePage {
        frame: person.frame(Section::Activity),
        rows: counted(check.rows, "entry").replace("entrys", "entries"),
        today: site.now().date().to_string(),
        error,
    })
}

#[cfg(test)]
mod tests;
