//! A server with the tools, resources and prompts that the conformance suite calls by name. Only the suite's
//! own pages say what they must do; none of it is in the product.

#![expect(deprecated, reason = "the older protocol has logging")]

use std::sync::Arc;

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, ClientCapabilities, CompleteRequestParams, CompleteResult,
        GetPromptRequestParams, GetPromptResponse, ListPromptsResult, ListResourceTemplatesResult,
        ListResourcesResult, ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams,
        ReadResourceResponse, ReadResourceResult, ServerCapabilities, ServerConfig, SetLevelRequestParams,
        SubscribeRequestParams, SubscriptionFilter, Tool, UnsubscribeRequestParams,
    },
    service::{RequestContext, SubscriptionContext},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::broadcast;

use super::{answers, questions::Questions};

/// A list that changed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    Tools,
    Prompts,
}

/// The server. All that it remembers is who listens for changes.
#[derive(Clone)]
pub(super) struct Fixture {
    changes: broadcast::Sender<Change>,
    questions: Arc<Questions>,
}

impl Fixture {
    pub(super) fn new() -> Self {
        Self { changes: broadcast::channel(8).0, questions: Arc::default() }
    }
}

/// What a page of the suite shows, as the value that it stands for.
pub(super) fn shown<T: DeserializeOwned>(json: Value) -> T {
    serde_json::from_value(json).expect("a value of that type")
}

/// The same for a result: the newer protocol says in each that it is whole, and the transport takes that out
/// again for the older one.
fn complete<T: DeserializeOwned>(mut json: Value) -> T {
    json["resultType"] = json!("complete");
    shown(json)
}

fn not_found(what: &str) -> ErrorData {
    ErrorData::invalid_params(format!("there is no such {what}"), None)
}

impl ServerHandler for Fixture {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_tool_list_changed()
            .enable_prompts()
            .enable_prompts_list_changed()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_completions()
            .enable_logging()
            .build();
        ServerConfig::new(capabilities)
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult { tools: answers::tools(), ..ListToolsResult::default() })
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        answers::tools().into_iter().find(|tool| tool.name == name)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let name = request.name.as_ref();
        if let Some(answer) = answers::fixed(name) {
            return Ok(CallToolResponse::Complete(complete(answer)));
        }
        match name {
            "test_trigger_tool_change" => drop(self.changes.send(Change::Tools)),
            "test_trigger_prompt_change" => drop(self.changes.send(Change::Prompts)),
            "test_missing_capability" => {
                let sampling: ClientCapabilities = shown(json!({ "sampling": {} }));
                return Err(ErrorData::missing_required_client_capability(sampling));
            }
            "test_tool_with_logging" => answers::log(&context).await?,
            // the newer protocol has logs only for a request that asks for them
            "test_logging_tool" if context.meta.log_level().is_some() => answers::log(&context).await?,
            "test_logging_tool" => {}
            "test_tool_with_progress" => answers::progress(&context).await?,
            "test_sampling"
            | "test_elicitation"
            | "test_elicitation_sep1034_defaults"
            | "test_elicitation_sep1330_enums" => {
                let said = answers::ask(name, request.arguments.unwrap_or_default(), &context).await?;
                return Ok(CallToolResponse::Complete(complete(answers::text(&said))));
            }
            _ => {
                let declared = context.client_capabilities().unwrap_or_default();
                let given = (request.request_state.as_deref(), request.input_responses.as_ref());
                return match self.questions.next(name, &declared, given)?.ok_or_else(|| not_found("tool"))? {
                    Ok(said) => Ok(CallToolResponse::Complete(complete(answers::text(&said)))),
                    Err(question) => Ok(CallToolResponse::InputRequired(question)),
                };
            }
        }
        Ok(CallToolResponse::Complete(complete(answers::text("done"))))
    }

    async fn list_resources(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(complete(answers::resources()))
    }

    async fn list_resource_templates(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(complete(answers::resource_templates()))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let Some(contents) = answers::resource(&request.uri) else {
            let which = json!({ "uri": request.uri });
            return Err(ErrorData::resource_not_found("there is no such resource", Some(which)));
        };
        Ok(ReadResourceResponse::Complete(complete::<ReadResourceResult>(contents)))
    }

    async fn list_prompts(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(complete(answers::prompts()))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        if let Some(prompt) = answers::prompt(&request.name, &request.arguments.unwrap_or_default()) {
            return Ok(GetPromptResponse::Complete(complete(prompt)));
        }
        let declared = context.client_capabilities().unwrap_or_default();
        let given = (request.request_state.as_deref(), request.input_responses.as_ref());
        let next = self.questions.next(&request.name, &declared, given)?;
        match next.ok_or_else(|| not_found("prompt"))? {
            Ok(said) => Ok(GetPromptResponse::Complete(complete(answers::prompt_of(&said)))),
            Err(question) => Ok(GetPromptResponse::InputRequired(question)),
        }
    }

    async fn complete(
        &self,
        _request: CompleteRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Ok(complete(json!({ "completion": { "values": ["paris", "park"], "total": 2, "hasMore": false } })))
    }

    async fn set_level(
        &self,
        _request: SetLevelRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn subscribe(
        &self,
        _request: SubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn unsubscribe(
        &self,
        _request: UnsubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = self.changes.subscribe();
        loop {
            let change = tokio::select! {
                () = context.cancelled() => return Ok(()),
                change = changes.recv() => change,
            };
            // what was not asked for is refused by the sink
            let _ = match change {
                Ok(Change::Tools) => context.sink().notify_tool_list_changed().await,
                Ok(Change::Prompts) => context.sink().notify_prompt_list_changed().await,
                Err(_) => return Ok(()),
            };
        }
    }
}
