//! `mail_undo`: what this grant changed is as it was before, as far as nobody changed it since.

use domain::{Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::changed::{FailedView, ended_with_failures, failures};
use crate::{
    arguments::invalid,
    error::Refused,
    tool::{Call, Effect, Tool},
    view::size,
};

pub(crate) struct Undo;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    undo: String,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Output {
    undone: u64,
    // as of `mail_organize`
    #[schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>", extend("x-untrusted" = true))]
    failed: Vec<FailedView>,
    // only if not all are shown
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_count: Option<u64>,
}

/// The handle, if it looks like one; whose it is, the engine knows.
fn handle(text: &str) -> Result<&str, Problem> {
    let text = text.trim();
    let is_one = text.split_once('_').is_some_and(|(kind, digits)| {
        kind.len() == 3 && digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit())
    });
    if is_one {
        return Ok(text);
    }
    Err(invalid("`undo` is not what an answer gave.".to_owned())
        .hint("Copy `undo` from the answer of the call that is to be taken back."))
}

impl Tool for Undo {
    const NAME: &str = "mail_undo";
    const TITLE: &str = "Take back a change";
    const ABOUT: &str = "Takes back what `undo` was answered for, for 7 days. `failed` was changed since.";
    const SCOPE: Scope = Scope::Modify;
    const OR: &'static [Scope] = &[Scope::Send, Scope::Manage];
    const EFFECT: Effect = Effect::Changes;
    type Input = Input;
    type Output = Output;

    fn targets(input: &Input) -> Vec<String> {
        handle(&input.undo).ok().map(str::to_owned).into_iter().collect()
    }

    fn ended(output: &Output) -> &'static str {
        if output.failed.is_empty() && output.failed_count.is_none() {
            "ok"
        } else {
            ended_with_failures(output.undone > 0)
        }
    }

    async fn call(cx: &Call<'_>, input: Input) -> Result<Output, Refused> {
        let undone = cx.mail.undo(cx.principal, handle(&input.undo)?, cx.progress).await?;
        let room = size::HARD_CAP.saturating_sub(100);
        let (failed, failed_count) = failures(undone.failed, undone.failed_count, room, cx.request);
        Ok(Output { undone: undone.undone, failed, failed_count })
    }
}
