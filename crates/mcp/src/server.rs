//! The MCP server itself, for both eras of the protocol: lists what there is, calls tools, tells what
//! happened. Resources and completions are calls of tools by another name.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use domain::{Code, Principal, Problem, Random, RequestId, Scope};
use futures_util::FutureExt as _;
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams,
        CompleteResult, ContentBlock, DiscoverResult, GetPromptRequestParams, GetPromptResponse,
        Implementation, JsonObject, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
        ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse,
        ReadResourceResult, RequestStateCodec, ResourceContents, ServerCapabilities, ServerConfig,
        Tool as Advert,
    },
    service::RequestContext,
};
use serde_json::{Value, json};

use crate::{
    asking::{self, Asking, Brought, Times},
    completion::{self, Looks},
    deadline::{Deadline, Patience},
    error::{Refused, octets_of, resource_error, tool_error},
    files::HandOver,
    gate::{CallRecord, Gate, Refusal},
    instructions::INSTRUCTIONS,
    mail::Mail,
    progress::Progress,
    prompts,
    resources::{self, JSON},
    revocation::revoked,
    sessions::SessionEnd,
    settings::Settings,
    stdio::Who,
    tool::{Answer, Call, Effect, Entry, Tool as _},
    tools::{self, undo::Undo},
    view::Nonce,
};

/// How long clients may keep lists: what a grant may call can change at any time.
const LIST_TTL_MS: u64 = 60_000;
/// How long clients may keep what never changes while the server runs.
const DISCOVERY_TTL_MS: u64 = 3_600_000;

/// What every request shares. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Server {
    mail: Arc<dyn Mail>,
    gate: Arc<dyn Gate>,
    random: Arc<dyn Random>,
    patience: Patience,
    grant_check: Duration,
    files: HandOver,
    looks: Looks,
    /// Seals what comes back with the answers of people. Its key lives as long as the process.
    states: Arc<RequestStateCodec>,
    times: Times,
    /// Who calls a local process; on HTTP each request brings its principal.
    who: Option<Who>,
}

/// How a call ended.
pub(crate) enum End {
    Answer(Answer),
    Refused(Refused),
    Cancelled,
    /// Its grant ended before it did.
    Revoked,
}

impl Server {
    /// A server whose requests bring their principal in the extensions of their HTTP parts.
    pub(crate) fn new(
        mail: Arc<dyn Mail>,
        gate: Arc<dyn Gate>,
        random: Arc<dyn Random>,
        settings: &Settings,
    ) -> Self {
        let files = HandOver::Links(settings.files());
        let mut key = vec![0; RequestStateCodec::MIN_KEY_LENGTH];
        random.fill(&mut key);
        Self {
            mail,
            gate,
            states: Arc::new(RequestStateCodec::new_unchecked(key)),
            times: Times {
                wait: settings.question_wait,
                ttl: settings.question_ttl,
                page: settings.page_wait,
            },
            random,
            patience: Patience::of(settings),
            grant_check: settings.grant_check,
            files,
            looks: Looks::default(),
            who: None,
        }
    }

    /// The same for one local person.
    pub(crate) fn of(self, who: Who, settings: &Settings) -> Self {
        Self { who: Some(who), files: HandOver::local(settings), ..self }
    }

    /// What completions have seen lately.
    pub(crate) fn looks(&self) -> &Looks {
        &self.looks
    }

    async fn principal(&self, context: &RequestContext<RoleServer>) -> Result<Arc<Principal>, ErrorData> {
        if let Some(who) = &self.who {
            return who().await.map_err(|refusal| match refusal {
                Refusal::Invalid => ErrorData::invalid_request(
                    "the grant was revoked or has expired, or its user was disabled; ask the person for another",
                    None,
                ),
                Refusal::Paused => ErrorData::invalid_request(
                    "the person has paused this agent; only they can let it go on",
                    None,
                ),
                Refusal::Unavailable => {
                    ErrorData::internal_error("the grant cannot be checked just now; try again", None)
                }
            });
        }
        let carried = || context.extensions.get::<http::request::Parts>()?.extensions.get::<Arc<Principal>>();
        carried().cloned().ok_or_else(|| {
            tracing::error!("a request reached a tool without a principal");
            ErrorData::internal_error("no principal", None)
        })
    }

    /// Whether the tool is there for the principal. Where mail cannot leave, nothing that sends is.
    async fn offers(&self, entry: &Entry, principal: &Principal) -> bool {
        entry.is_open_to(principal) && (entry.effect != Effect::Sends || self.mail.can_send(principal).await)
    }

    async fn run(
        &self,
        entry: &Entry,
        asked: Asked,
        context: &RequestContext<RoleServer>,
        principal: &Principal,
    ) -> (Vec<String>, End) {
        let refuse = |problem: Problem| (Vec::new(), End::Refused(Refused::Problem(problem)));
        if !entry.is_open_to(principal) {
            let scopes: Vec<&str> = entry.scopes.iter().map(Scope::as_str).collect();
            let told = format!("`{}` needs {}.", entry.name, scopes.join(" or "));
            let problem = Problem::new(Code::ScopeMissing, told);
            return refuse(problem.hint("Ask the person to allow it."));
        }
        if let Err(seconds) = self.gate.admit(principal).await {
            return refuse(Problem::new(Code::RateLimited, "Too many calls.").retry_after(seconds.max(1)));
        }
        if !self.offers(entry, principal).await {
            let problem = Problem::new(Code::NotSupported, "No account of this grant can send mail.");
            return refuse(problem.hint("Ask the person to give one a submission server (SMTP)."));
        }
        let Asked { arguments, brought } = asked;
        let bound_to = match entry.effect {
            Effect::Sends => asking::binding(entry.name, principal, &arguments),
            _ => Vec::new(),
        };
        let asking = Asking::of(context, &self.states, self.times, bound_to, brought);
        let prepared = match entry.prepare(arguments) {
            Ok(prepared) => prepared,
            Err(problem) => return refuse(problem),
        };
        let deadline = Arc::new(Deadline::of(self.patience));
        let progress = Progress::of(Arc::clone(&deadline));
        let noting = Arc::clone(&progress);
        let note = move |done, total| noting.note(done, total);
        let call = Call {
            principal,
            mail: self.mail.as_ref(),
            gate: self.gate.as_ref(),
            files: &self.files,
            asking: &asking,
            deadline: &deadline,
            progress: &note,
            nonce: Nonce::new(self.random.as_ref()),
            request: request_id(context),
        };
        // a panic below would leave the client without any answer
        let running = AssertUnwindSafe(progress.told(context, (prepared.run)(&call))).catch_unwind();
        let end = tokio::select! {
            result = running => match result {
                Ok(Ok(answer)) => End::Answer(answer),
                Ok(Err(refused)) => End::Refused(refused),
                Err(_) => End::Refused(Problem::new(Code::Internal, "The call met a fault.").into()),
            },
            () = context.ct.cancelled() => End::Cancelled,
            // of a grant that was taken back the sessions are closed, too
            () = session_end(context) => {
                if self.gate.holds(principal).await { End::Cancelled } else { End::Revoked }
            }
            () = revoked(self.gate.as_ref(), principal, self.grant_check) => End::Revoked,
            () = deadline.passed() => {
                let hint = match entry.effect {
                    Effect::Reads => "Try again, or ask for less.",
                    _ => "Some of it may have been done: look before you try again.",
                };
                End::Refused(Problem::new(Code::Timeout, "No answer in time.").hint(hint).into())
            }
        };
        (prepared.targets, end)
    }

    /// Does what a tool does, under its scope and the grant's rate, and records it.
    pub(crate) async fn call(
        &self,
        entry: &Entry,
        asked: impl Into<Asked>,
        context: &RequestContext<RoleServer>,
        principal: &Principal,
    ) -> End {
        let (mut targets, end) = self.run(entry, asked.into(), context, principal).await;
        if let End::Answer(answer) = &end {
            targets
                .extend(answer.made.iter().filter(|id| !targets.contains(id)).cloned().collect::<Vec<_>>());
        }
        let outcome = end.outcome();
        let (octets, undo) = match &end {
            // what was taken back is what the call is about
            End::Answer(answer) if entry.name == Undo::NAME => {
                (Some(answer.octets()), targets.first().map_or("", String::as_str))
            }
            End::Answer(answer) => (Some(answer.octets()), answer.undo()),
            End::Refused(Refused::Problem(problem)) => (Some(octets_of(problem, request_id(context))), ""),
            _ => (None, ""),
        };
        let record = CallRecord { tool: entry.name, targets: &targets, outcome, octets, undo };
        self.gate.record(principal, record).await;
        if outcome == Code::Internal.as_str() {
            let request = request_id(context).map_or("", |id| id.0.as_str());
            tracing::error!(tool = entry.name, request, "a call ended with a fault of ours");
        } else {
            tracing::debug!(tool = entry.name, outcome, "a tool was called");
        }
        end
    }
}

/// What a tool is called with.
pub(crate) struct Asked {
    arguments: JsonObject,
    brought: Brought,
}

impl From<JsonObject> for Asked {
    fn from(arguments: JsonObject) -> Self {
        Self { arguments, brought: Brought::default() }
    }
}

/// Waits until the session of the request is closed; for ever if it has none.
async fn session_end(context: &RequestContext<RoleServer>) {
    let parts = context.extensions.get::<http::request::Parts>();
    match parts.and_then(|parts| parts.extensions.get::<SessionEnd>()) {
        Some(end) => end.comes().await,
        None => std::future::pending().await,
    }
}

fn request_id(context: &RequestContext<RoleServer>) -> Option<&RequestId> {
    context.extensions.get::<http::request::Parts>()?.extensions.get::<RequestId>()
}

impl End {
    fn outcome(&self) -> &'static str {
        match self {
            Self::Answer(answer) => answer.ended,
            Self::Refused(Refused::BadCursor) => "bad_cursor",
            Self::Refused(Refused::BadState) => "bad_state",
            Self::Refused(Refused::Question(_)) => "asked",
            Self::Refused(Refused::Problem(problem)) => problem.code.as_str(),
            Self::Cancelled => "cancelled",
            Self::Revoked => "revoked",
        }
    }

    fn response(self, request: Option<&RequestId>) -> Result<CallToolResponse, ErrorData> {
        match self {
            Self::Answer(answer) => Ok(success(answer).into()),
            Self::Refused(Refused::Problem(problem)) => Ok(tool_error(&problem, request).into()),
            Self::Refused(Refused::BadCursor) => Err(ErrorData::invalid_params(
                "the cursor is not one that was given for this call; call again without it",
                None,
            )),
            Self::Refused(Refused::BadState) => Err(ErrorData::invalid_params(
                "the request state was not given for this call, or is too old; nothing was done",
                None,
            )),
            Self::Refused(Refused::Question(question)) => Ok((*question).into()),
            Self::Cancelled => Err(cancelled()),
            Self::Revoked => Err(taken_back()),
        }
    }

    /// The content of the resource that the call was made for.
    fn resource(self, uri: &str, request: Option<&RequestId>) -> Result<ReadResourceResponse, ErrorData> {
        match self {
            Self::Answer(answer) => {
                if let Some(problem) = resources::problem_in(&answer.json) {
                    return Err(resource_error(&problem, request));
                }
                let content = ResourceContents::text(answer.text, uri).with_mime_type(JSON);
                let result = ReadResourceResult::new(vec![content]);
                Ok(result.with_ttl_ms(0).with_cache_scope(CacheScope::Private).into())
            }
            Self::Refused(Refused::Problem(problem)) => Err(resource_error(&problem, request)),
            Self::Refused(Refused::BadCursor | Refused::BadState | Refused::Question(_)) => {
                Err(ErrorData::invalid_params("no such resource", None))
            }
            Self::Cancelled => Err(cancelled()),
            Self::Revoked => Err(taken_back()),
        }
    }

    /// The answer, if there is one.
    pub(crate) fn answer(self) -> Option<Value> {
        match self {
            Self::Answer(answer) => Some(answer.json),
            Self::Refused(_) | Self::Cancelled | Self::Revoked => None,
        }
    }
}

/// An error says which resource it is about, since a client may have asked for several.
fn naming(uri: &str, mut error: ErrorData) -> ErrorData {
    let about = error.data.get_or_insert_with(|| json!({}));
    if let Some(about) = about.as_object_mut() {
        about.insert("uri".to_owned(), json!(uri));
    }
    error
}

/// The end of a call whose grant ended first.
fn taken_back() -> ErrorData {
    ErrorData::invalid_request("the person has taken the permission back while the call ran", None)
}

fn cancelled() -> ErrorData {
    ErrorData::internal_error("the call was cancelled", None)
}

/// Lists are given whole.
fn one_page(request: Option<PaginatedRequestParams>) -> Result<(), ErrorData> {
    if request.is_some_and(|request| request.cursor.is_some()) {
        return Err(ErrorData::invalid_params("the list has one page and no cursor", None));
    }
    Ok(())
}

/// The same JSON as structure and as text, pictures behind it.
fn success(Answer { json, text, pictures, .. }: Answer) -> CallToolResult {
    let mut content = vec![ContentBlock::text(text)];
    content.extend(pictures.into_iter().map(|picture| ContentBlock::image(picture.data, picture.media_type)));
    let mut result = CallToolResult::success(content);
    result.structured_content = Some(json);
    result
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .enable_prompts()
            .enable_completions()
            .build();
        ServerConfig::new(capabilities)
            .with_server_info(
                Implementation::new("postroom", env!("CARGO_PKG_VERSION")).with_title("Postroom"),
            )
            .with_instructions(INSTRUCTIONS)
    }

    async fn discover(&self, _context: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let versions = self.supported_protocol_versions().into_owned();
        Ok(DiscoverResult::from_server_info(versions, self.get_info())
            .with_ttl_ms(DISCOVERY_TTL_MS)
            .with_cache_scope(CacheScope::Private))
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        one_page(request)?;
        let principal = self.principal(&context).await?;
        let mut tools = Vec::new();
        for entry in tools::all() {
            if self.offers(entry, &principal).await {
                tools.push(entry.advert.clone());
            }
        }
        Ok(ListToolsResult { tools, ..ListToolsResult::default() }
            .with_ttl_ms(LIST_TTL_MS)
            .with_cache_scope(CacheScope::Private))
    }

    fn get_tool(&self, name: &str) -> Option<Advert> {
        tools::find(name).map(|entry| entry.advert.clone())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let principal = self.principal(&context).await?;
        let Some(entry) = tools::find(&request.name) else {
            return Err(ErrorData::invalid_params("unknown tool", None));
        };
        let brought = Brought { state: request.request_state, responses: request.input_responses };
        let asked = Asked { arguments: request.arguments.unwrap_or_default(), brought };
        let end = self.call(entry, asked, &context, &principal).await;
        end.response(request_id(&context))
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        one_page(request)?;
        let resources = resources::list(&*self.principal(&context).await?);
        Ok(ListResourcesResult { resources, ..ListResourcesResult::default() }
            .with_ttl_ms(LIST_TTL_MS)
            .with_cache_scope(CacheScope::Private))
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        one_page(request)?;
        let resource_templates = resources::templates(&*self.principal(&context).await?);
        Ok(ListResourceTemplatesResult { resource_templates, ..ListResourceTemplatesResult::default() }
            .with_ttl_ms(LIST_TTL_MS)
            .with_cache_scope(CacheScope::Private))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let principal = self.principal(&context).await?;
        let asked = resources::find(&request.uri).map_err(|why| ErrorData::invalid_params(why, None));
        let answer = match asked {
            Ok(asked) => {
                let end = self.call(asked.entry, asked.arguments, &context, &principal).await;
                end.resource(&request.uri, request_id(&context))
            }
            Err(error) => Err(error),
        };
        answer.map_err(|error| naming(&request.uri, error))
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        one_page(request)?;
        let prompts = prompts::list(&*self.principal(&context).await?);
        Ok(ListPromptsResult { prompts, ..ListPromptsResult::default() }
            .with_ttl_ms(LIST_TTL_MS)
            .with_cache_scope(CacheScope::Private))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let principal = self.principal(&context).await?;
        let written = prompts::write(&request.name, request.arguments.unwrap_or_default(), &principal);
        written.map(GetPromptResponse::from).map_err(|why| ErrorData::invalid_params(why, None))
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let principal = self.principal(&context).await?;
        let completed = completion::complete(self, request, &context, &principal).await;
        completed.map(CompleteResult::new).map_err(|why| ErrorData::invalid_params(why, None))
    }
}
