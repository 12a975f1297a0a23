//! `mail_search`: find messages, or list a folder.

use domain::{Code, FolderArg, Problem, Scope};
use engine::search::SearchRequest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Refused,
    tool::{Call, Effect, Tool},
    view::{
        coverage::CoverageView,
        row::{self, RowView},
        size,
    },
};

pub(crate) struct Search;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    /// e.g. `from:ann invoice newer_than:30d`. Also to: cc: subject: body: filename: list: in: has:attachment is:unread|read|starred|answered|draft after: before: on: older_than: larger:2M smaller: keyword: id:<…> "phrase" -not OR ( )
    #[serde(default)]
    query: String,
    /// Default: all
    account: Option<String>,
    /// Path, `@role` or `all`; default `@inbox` for an empty query, else all but Trash and Junk
    folder: Option<String>,
    #[schemars(range(min = 1, max = 100))]
    #[serde(default = "twenty")]
    limit: usize,
    /// The last `next_cursor`, all else unchanged
    cursor: Option<String>,
    /// Add the beginning of the text
    #[serde(default)]
    snippet: bool,
}

fn twenty() -> usize {
    20
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Output {
    messages: Vec<RowView>,
    total: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    coverage: CoverageView,
}

impl Tool for Search {
    const NAME: &str = "mail_search";
    const TITLE: &str = "Search mail";
    const ABOUT: &str = "Finds messages in all folders and accounts, newest first; an empty query lists. Answers rows whose ids \
        `mail_read` takes. `coverage` says what was not searched; while `next_cursor` is there, there is more.";
    const SCOPE: Scope = Scope::Search;
    const EFFECT: Effect = Effect::Reads;
    type Input = Input;
    type Output = Output;

    async fn call(cx: &Call<'_>, input: Input) -> Result<Output, Refused> {
        if input.snippet && !cx.principal.may(Scope::Read) {
            return Err(Problem::new(Code::ScopeMissing, "Snippets need the scope `mail:read` too.")
                .hint("Search without `snippet`, or ask the person for `mail:read`.")
                .into());
        }
        let request = SearchRequest {
            query: input.query,
            // `all` is no account's name, so it can only mean every one
            account: input.account.filter(|name| name != "all"),
            folder: input.folder.as_deref().map(FolderArg::parse),
            limit: input.limit,
            cursor: input.cursor,
            with_snippet: input.snippet,
        };
        let page = cx.mail.search(cx.principal, request).await?;
        let mut output = Output {
            messages: Vec::new(),
            total: page.total,
            next_cursor: page.next_cursor,
            coverage: CoverageView::of(page.coverage, cx.request),
        };
        let room = size::HARD_CAP.saturating_sub(size::json_chars(&output));
        output.messages = row::fit(&page.rows, &cx.nonce, room);
        Ok(output)
    }
}
