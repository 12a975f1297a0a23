//! `mail_invite_reply`: the person's answer to an invite leaves for its organizer, or waits for their yes.

use std::borrow::Cow;

use domain::{ApprovalId, Scope};
use engine::invite::{Answer, InviteReplyRequest};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::send;
use crate::{
    error::Refused,
    tool::{Call, Effect, Tool},
};

pub(crate) struct InviteReply;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    id: String,
    answer: Wanted,
    /// To the organizer
    #[serde(default)]
    comment: String,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Wanted {
    Accept,
    Tentative,
    Decline,
}

impl From<Wanted> for Answer {
    fn from(wanted: Wanted) -> Self {
        match wanted {
            Wanted::Accept => Self::Accept,
            Wanted::Tentative => Self::Tentative,
            Wanted::Decline => Self::Decline,
        }
    }
}

/// What `mail_send` answers.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct Output(send::Output);

/// The same in few words: what stands in each is told with `mail_send`.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is of use")]
struct Told {
    status: String,
    #[schemars(extend("x-untrusted" = true))]
    message_id: String,
    #[schemars(extend("x-untrusted" = true))]
    recipients: Vec<Map<String, Value>>,
    #[schemars(extend("x-untrusted" = true))]
    copy: Option<Map<String, Value>>,
    approval: Option<Map<String, Value>>,
    repeated: bool,
    hint: Option<String>,
}

impl JsonSchema for Output {
    fn schema_name() -> Cow<'static, str> {
        Told::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Told::json_schema(generator)
    }
}

impl Tool for InviteReply {
    const NAME: &str = "mail_invite_reply";
    const TITLE: &str = "Answer an invite";
    const ABOUT: &str = "Sends the person's answer to the organizer that the invite names. Only when the person wants it. The same \
        answer again is not sent twice; another one replaces it. Answers as `mail_send` does. Needs `mail:read` as well.";
    const SCOPE: Scope = Scope::Send;
    const EFFECT: Effect = Effect::Sends;
    type Input = Input;
    type Output = Output;

    fn targets(input: &Input) -> Vec<String> {
        vec![input.id.clone()]
    }

    fn made(output: &Output) -> Vec<String> {
        send::Send::made(&output.0)
    }

    fn ended(output: &Output) -> &'static str {
        output.0.ended()
    }

    async fn call(cx: &Call<'_>, input: Input) -> Result<Output, Refused> {
        if let Some((id, answered)) = cx.asking.brought_back()? {
            let outcome = send::decide(cx, &ApprovalId::from_text(id), answered).await?;
            return Ok(Output(send::Output::of(outcome)));
        }
        let Input { id, answer, comment } = input;
        let request = InviteReplyRequest { id, answer: answer.into(), comment };
        let outcome = cx.mail.invite_reply(cx.principal, request).await?;
        Ok(Output(send::Output::of(send::ask(cx, outcome, true).await?)))
    }
}
