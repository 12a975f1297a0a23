//! `mail_draft`: a message written and kept in the person's Drafts folder. Nothing leaves.

use domain::{DraftId, Problem, Scope};
use engine::outgoing::{DraftRequest, Drafted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::composed::Composed;
use crate::{
    arguments::invalid,
    error::Refused,
    tool::{Call, Effect, Tool},
    view::{address, addresses, harmless, shorten},
};

/// Addresses of one list that are shown.
const SHOWN: usize = 100;

/// Characters of one address that are shown.
const ADDRESS: usize = 160;

pub(crate) struct Draft;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    /// Replaces that draft
    draft_id: Option<String>,
    #[serde(flatten)]
    composed: Composed,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Output {
    draft_id: String,
    expect: String,
    #[schemars(extend("x-untrusted" = true))]
    from: String,
    #[schemars(extend("x-untrusted" = true))]
    to: Vec<String>,
    #[schemars(extend("x-untrusted" = true))]
    cc: Vec<String>,
    #[schemars(extend("x-untrusted" = true))]
    bcc: Vec<String>,
    #[schemars(extend("x-untrusted" = true))]
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-untrusted" = true))]
    preview: Option<String>,
    #[schemars(extend("x-untrusted" = true))]
    needs_approval: Vec<String>,
}

impl Output {
    fn of(drafted: Drafted, cx: &Call<'_>) -> Self {
        let listed = |all: &[domain::Address]| addresses(all, SHOWN, ADDRESS);
        let preview = shorten(drafted.preview.trim(), 500).0;
        let mut needs_approval: Vec<String> =
            drafted.needs_approval.iter().take(SHOWN).map(|one| shorten(one, ADDRESS).0).collect();
        if drafted.needs_approval.len() > SHOWN {
            needs_approval.push(format!("+{} more", drafted.needs_approval.len() - SHOWN));
        }
        Self {
            draft_id: drafted.draft.to_string(),
            expect: drafted.expect,
            from: address(&drafted.from, ADDRESS),
            to: listed(&drafted.to),
            cc: listed(&drafted.cc),
            bcc: listed(&drafted.bcc),
            subject: shorten(&drafted.subject, 300).0,
            preview: (!preview.is_empty()).then(|| cx.nonce.fence(&harmless(&preview))),
            needs_approval,
        }
    }
}

/// The draft of that id; the error says what an id looks like.
pub(super) fn draft_id(text: &str) -> Result<DraftId, Problem> {
    let draft = DraftId::from_text(text.trim());
    match draft.to_bytes() {
        Some(_) => Ok(draft),
        None => Err(invalid("`draft_id` is not the id of a draft.".to_owned())
            .hint("Copy it from the answer of `mail_draft`, as `drf_…`; a message's id is another thing.")),
    }
}

impl Tool for Draft {
    const NAME: &str = "mail_draft";
    const TITLE: &str = "Write a draft";
    const ABOUT: &str = "Keeps a message in Drafts and sends nothing. `reply_to`, `reply_all` or `forward` finds recipients, \
        subject and quote; what you give replaces them. `body` is Markdown, `html` only where that does not do. With `draft_id` \
        what you leave out stays. Show the person the answer; `needs_approval` lists whom they will be asked about. `mail_send` \
        takes `draft_id` and `expect`.";
    const SCOPE: Scope = Scope::Draft;
    const EFFECT: Effect = Effect::Changes;
    type Input = Input;
    type Output = Output;

    fn targets(input: &Input) -> Vec<String> {
        let draft = input.draft_id.as_deref().and_then(|id| draft_id(id).ok());
        draft.map(|id| id.to_string()).into_iter().chain(input.composed.targets()).collect()
    }

    fn made(output: &Output) -> Vec<String> {
        vec![output.draft_id.clone()]
    }

    async fn call(cx: &Call<'_>, input: Input) -> Result<Output, Refused> {
        let Input { draft_id: replaces, composed } = input;
        let replaces = replaces.as_deref().map(draft_id).transpose()?;
        let follows =
            composed.said().into_iter().find(|name| ["reply_to", "reply_all", "forward"].contains(name));
        if let (Some(_), Some(follows)) = (&replaces, follows) {
            let told = format!("`draft_id` and `{follows}` exclude each other.");
            return Err(invalid(told).hint("A draft goes on following what it was begun for.").into());
        }
        let composition = composed.composition(cx.files, replaces.is_some()).await?;
        let drafted = cx.mail.draft(cx.principal, DraftRequest { replaces, composition }).await?;
        Ok(Output::of(drafted, cx))
    }
}
