//! `mail_thread`: the conversation that a message belongs to, within a budget of tokens.

use domain::{Code, Scope};
use engine::thread::ThreadRequest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Refused,
    tool::{Call, Effect, Tool},
    view::{
        body::{self, MessageView},
        coverage::CoverageView,
        size,
    },
};

/// Characters of the answer that each message has at the least, and how many of them its id does not take:
/// fewer messages are shown before that.
const LEAST_EACH: usize = 440;
const BESIDE_ID: usize = 330;

pub(crate) struct Thread;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    /// Id of any of its messages, or a Message-ID
    id: String,
    #[schemars(range(min = 1, max = 200))]
    #[serde(default = "thirty")]
    limit: usize,
    #[schemars(range(min = 100, max = 20_000))]
    #[serde(default = "super::four_thousand")]
    max_tokens: usize,
    /// The last `next_cursor`, for earlier ones
    cursor: Option<String>,
}

fn thirty() -> usize {
    30
}

// messages as of `mail_read`, coverage as of `mail_search`; their schemas are told there
#[derive(Serialize, JsonSchema)]
pub(crate) struct Output {
    #[schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>", extend("x-untrusted" = true))]
    messages: Vec<MessageView>,
    earlier: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    #[schemars(with = "serde_json::Map<String, serde_json::Value>", extend("x-untrusted" = true))]
    coverage: CoverageView,
}

impl Tool for Thread {
    const NAME: &str = "mail_thread";
    const TITLE: &str = "Read a conversation";
    const ABOUT: &str = "Reads the conversation of a message over all folders of its account: the newest `limit`, oldest first, as \
        `mail_read` shows them; `earlier` counts the older ones, which `next_cursor` goes on to.";
    const SCOPE: Scope = Scope::Read;
    const EFFECT: Effect = Effect::Reads;
    type Input = Input;
    type Output = Output;

    fn targets(input: &Input) -> Vec<String> {
        vec![input.id.clone()]
    }

    async fn call(cx: &Call<'_>, input: Input) -> Result<Output, Refused> {
        let room = input.max_tokens.saturating_mul(4).min(size::HARD_CAP);
        let each = LEAST_EACH.max(BESIDE_ID + size::json_chars(&input.id));
        let mut limit = input.limit.min(room / each).max(1);
        loop {
            match page(cx, &input, limit).await {
                // only the answer tells how long its ids and its coverage are
                Err(Refused::Problem(problem)) if problem.code == Code::TooLarge && limit > 1 => limit /= 2,
                answer => return answer,
            }
        }
    }
}

/// The newest `limit` messages, if they fit.
async fn page(cx: &Call<'_>, input: &Input, limit: usize) -> Result<Output, Refused> {
    let request = ThreadRequest { id: input.id.clone(), limit, cursor: input.cursor.clone() };
    let page = cx.mail.thread(cx.principal, request).await?;
    let mut output = Output {
        messages: Vec::new(),
        earlier: page.earlier,
        next_cursor: page.next_cursor,
        coverage: CoverageView::of(page.coverage, cx.request),
    };
    let ask = body::Ask {
        max_tokens: input.max_tokens,
        beside: size::json_chars(&output),
        start: 0,
        nonce: &cx.nonce,
        request: cx.request,
    };
    output.messages = body::show(page.messages, &ask)?;
    Ok(output)
}
