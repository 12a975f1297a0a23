//! How much of what was asked an answer covers, as agents read it.

use domain::RequestId;
use engine::search::Coverage;
use schemars::JsonSchema;
use serde::Serialize;

use super::{ProblemView, date};
use crate::error::message_of;

/// What an answer covers; what is not there is as usual.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CoverageView {
    source: &'static str,
    as_of: String,
    total: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    back_to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-untrusted" = true))]
    skipped: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<Failed>,
}

/// One account or folder that gave no answer.
#[derive(Serialize, JsonSchema)]
struct Failed {
    #[schemars(extend("x-untrusted" = true))]
    at: String,
    #[serde(flatten)]
    problem: ProblemView,
}

impl CoverageView {
    pub(crate) fn of(coverage: Coverage, request: Option<&RequestId>) -> Self {
        let failed = coverage.failed.into_iter().take(50).map(|(at, problem)| {
            let message = message_of(&problem, request);
            Failed { at, problem: ProblemView::of(problem, message) }
        });
        Self {
            source: coverage.source,
            as_of: date(coverage.as_of),
            total: if coverage.is_exact { "exact" } else { "at_least" },
            back_to: coverage.back_to.map(date),
            order: coverage.order,
            failed: failed.collect(),
            skipped: coverage.skipped.into_iter().take(50).collect(),
        }
    }
}
