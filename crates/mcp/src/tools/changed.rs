//! What tools answer that change or delete messages: what was done, what was not, or what would be done.

use std::collections::HashMap;

use domain::RequestId;
use engine::organize::{DoneOne, FailedOne, Organized, Planned, SHOWN};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    error::message_of,
    view::{ProblemView, row::BriefRow, shorten, size},
};

/// Characters of an id that is no good, or of a text about it.
const LONGEST: usize = 600;

/// Messages of a sample that are shown.
const SAMPLE: usize = 10;

/// An object whose properties another tool's schema tells.
type Told = serde_json::Map<String, serde_json::Value>;

#[derive(Serialize, JsonSchema)]
pub(crate) struct Changed {
    // either the messages or how many
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-untrusted" = true))]
    done: Option<Vec<DoneView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    done_count: Option<u64>,
    #[schemars(with = "Vec<FailedOutline>", extend("x-untrusted" = true))]
    failed: Vec<FailedView>,
    // only if not all that failed are shown
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<PlanView>,
}

/// The same, of a tool that can be told in fewer words since another one's schema tells it.
#[derive(Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct ChangedBriefly(#[schemars(with = "Outline")] pub(super) Changed);

#[derive(JsonSchema)]
#[expect(dead_code, reason = "a schema")]
struct Outline {
    #[schemars(skip_serializing_if = "Option::is_none", extend("x-untrusted" = true))]
    done: Option<Vec<Told>>,
    #[schemars(skip_serializing_if = "Option::is_none")]
    done_count: Option<u64>,
    #[schemars(extend("x-untrusted" = true))]
    failed: Vec<Told>,
    #[schemars(skip_serializing_if = "Option::is_none")]
    failed_count: Option<u64>,
    #[schemars(skip_serializing_if = "Option::is_none", extend("x-untrusted" = true))]
    plan: Option<Told>,
}

#[derive(Serialize, JsonSchema)]
struct DoneView {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_id: Option<String>,
}

/// A message that was left as it was, and why.
#[derive(Serialize)]
pub(super) struct FailedView {
    id: String,
    #[serde(flatten)]
    problem: ProblemView,
}

/// What is always there of it.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a schema")]
struct FailedOutline {
    id: String,
    code: &'static str,
    message: String,
}

/// What would be done.
#[derive(Serialize, JsonSchema)]
struct PlanView {
    count: u64,
    // rows as of `mail_search`
    #[schemars(with = "Vec<Told>", extend("x-untrusted" = true))]
    sample: Vec<BriefRow>,
    confirm: String,
    // may name folders
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(extend("x-untrusted" = true))]
    note: String,
}

impl From<DoneOne> for DoneView {
    fn from(one: DoneOne) -> Self {
        let new_id = one.new_id.map(|id| id.to_string()).filter(|new| *new != one.id);
        Self { id: one.id, new_id }
    }
}

impl FailedView {
    fn of(one: FailedOne, request: Option<&RequestId>) -> Self {
        let mut problem = one.problem;
        problem.hint = shorten(&problem.hint, LONGEST).0;
        let message = shorten(&message_of(&problem, request), LONGEST).0;
        Self { id: shorten(&one.id, LONGEST).0, problem: ProblemView::of(problem, message) }
    }
}

impl From<Planned> for PlanView {
    fn from(planned: Planned) -> Self {
        Self {
            count: planned.count,
            sample: planned.sample.iter().take(SAMPLE).map(BriefRow::from).collect(),
            confirm: planned.confirm,
            note: shorten(&planned.note, LONGEST).0,
        }
    }
}

/// Those that failed, as many as fit into `room` characters of JSON, and how many there are if that is not all.
pub(super) fn failures(
    failed: Vec<FailedOne>,
    count: u64,
    room: usize,
    request: Option<&RequestId>,
) -> (Vec<FailedView>, Option<u64>) {
    let mut taken = 0;
    let shown: Vec<FailedView> = failed
        .into_iter()
        .take(SHOWN)
        .map(|one| FailedView::of(one, request))
        .take_while(|one| {
            taken += size::json_chars(one) + 1;
            taken <= room
        })
        .collect();
    let is_all = u64::try_from(shown.len()).is_ok_and(|shown| shown >= count);
    (shown, (!is_all).then_some(count))
}

/// The word for a call that did not do all.
pub(super) fn ended_with_failures(is_anything_done: bool) -> &'static str {
    if is_anything_done { "partly" } else { "failed" }
}

impl Changed {
    /// What came of it, in the order in which the messages were named. What does not fit into an answer is counted:
    /// first what was done, since that is no surprise.
    pub(super) fn of(organized: Organized, named: &[String], request: Option<&RequestId>) -> Self {
        let Organized { mut done, done_count, mut failed, failed_count, undo, plan } = organized;
        let places: HashMap<&str, usize> =
            named.iter().enumerate().rev().map(|(at, id)| (id.as_str(), at)).collect();
        let place = |id: &str| places.get(id).copied().unwrap_or(usize::MAX);
        done.sort_by_key(|one| place(&one.id));
        failed.sort_by_key(|one| place(&one.id));
        let is_named = u64::try_from(done.len()).is_ok_and(|named| named >= done_count);
        let done: Vec<DoneView> = done.into_iter().map(DoneView::from).collect();
        let mut changed = Self {
            done: (is_named && done.len() <= SHOWN).then_some(done),
            done_count: None,
            failed: Vec::new(),
            failed_count: None,
            undo: undo.map(|undo| undo.to_string()),
            plan: plan.map(PlanView::from),
        };
        if size::json_chars(&changed) > size::HARD_CAP / 2 {
            changed.done = None;
        }
        changed.done_count = changed.done.is_none().then_some(done_count);
        let room = size::HARD_CAP.saturating_sub(size::json_chars(&changed) + 40);
        (changed.failed, changed.failed_count) = failures(failed, failed_count, room, request);
        changed
    }

    /// How it ended, in a word of the audit trail.
    pub(super) fn ended(&self) -> &'static str {
        let is_anything_done = self.done.as_ref().is_some_and(|done| !done.is_empty())
            || self.done_count.is_some_and(|done| done > 0);
        match (&self.plan, self.failed.is_empty() && self.failed_count.is_none()) {
            (Some(_), _) => "planned",
            (None, true) => "ok",
            (None, false) => ended_with_failures(is_anything_done),
        }
    }

    /// What came of it, for the audit trail.
    pub(super) fn made(&self) -> Vec<String> {
        let ids = self.done.iter().flatten().map(|one| one.new_id.as_ref().unwrap_or(&one.id));
        self.undo.iter().chain(ids).cloned().collect()
    }
}
