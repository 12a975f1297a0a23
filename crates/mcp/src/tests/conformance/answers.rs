//! What the fixtures say, as the suite's pages show it: lists, fixed answers, and messages during a call.

#![expect(deprecated, reason = "the older protocol has logging and sampling")]

use rmcp::{
    ErrorData, RoleServer,
    model::{CreateMessageRequestParams, ElicitRequestParams, JsonObject, Tool},
    service::{RequestContext, ServiceError},
};
use serde_json::{Value, json};

use super::fixture::shown;

/// One red pixel.
const IMAGE: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
/// No sound at all.
const AUDIO: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";

/// The suite calls the first without arguments and takes its success for granted.
const WITHOUT_ARGUMENTS: &[&str] = &[
    "test_simple_text",
    "test_image_content",
    "test_audio_content",
    "test_embedded_resource",
    "test_multiple_content_types",
    "test_error_handling",
    "test_tool_with_logging",
    "test_tool_with_progress",
    "test_elicitation_sep1034_defaults",
    "test_elicitation_sep1330_enums",
    "test_reconnection",
    "test_missing_capability",
    "test_streaming_elicitation",
    "test_logging_tool",
    "test_trigger_tool_change",
    "test_trigger_prompt_change",
    "test_input_required_result_elicitation",
    "test_input_required_result_sampling",
    "test_input_required_result_list_roots",
    "test_input_required_result_request_state",
    "test_input_required_result_multiple_inputs",
    "test_input_required_result_multi_round",
    "test_input_required_result_tampered_state",
    "test_input_required_result_capabilities",
];

/// Every tool, in the same order each time.
pub(super) fn tools() -> Vec<Tool> {
    let tool = |name: &'static str, schema: Value| {
        Tool::new(name, "A fixture of the conformance suite", shown::<JsonObject>(schema))
    };
    let text =
        |of: &str| json!({ "type": "object", "properties": { of: { "type": "string" } }, "required": [of] });
    let nothing = || json!({ "type": "object", "properties": {} });
    let mut tools: Vec<Tool> = WITHOUT_ARGUMENTS.iter().map(|name| tool(name, nothing())).collect();
    tools.push(tool("test_sampling", text("prompt")));
    tools.push(tool("test_elicitation", text("message")));
    tools.push(tool(
        "test_custom_header",
        json!({
            "type": "object",
            "properties": { "region": { "type": "string", "x-mcp-header": "Region" } },
        }),
    ));
    tools.push(tool(
        "json_schema_2020_12_tool",
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "$defs": { "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
            } },
            "properties": {
                "name": { "type": "string" },
                "address": { "$ref": "#/$defs/address" },
                "contactMethod": { "type": "string", "enum": ["phone", "email"] },
                "phone": { "type": "string" },
                "email": { "type": "string" },
            },
            "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
            "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
            "then": { "required": ["phone"] },
            "else": { "required": ["email"] },
            "additionalProperties": false,
        }),
    ));
    tools
}

/// A tool's result of one text.
pub(super) fn text(said: &str) -> Value {
    json!({ "content": [{ "type": "text", "text": said }] })
}

fn image() -> Value {
    json!({ "type": "image", "data": IMAGE, "mimeType": "image/png" })
}

fn embedded(uri: &str, kind: &str, text: &str) -> Value {
    json!({ "type": "resource", "resource": { "uri": uri, "mimeType": kind, "text": text } })
}

/// The result of a tool that always answers the same.
pub(super) fn fixed(tool: &str) -> Option<Value> {
    let content = match tool {
        "test_simple_text" | "test_reconnection" | "test_custom_header" | "json_schema_2020_12_tool" => {
            return Some(text("This is a simple text response for testing."));
        }
        "test_error_handling" => {
            let said = "This tool intentionally returns an error for testing";
            return Some(json!({ "isError": true, "content": [{ "type": "text", "text": said }] }));
        }
        "test_image_content" => json!([image()]),
        "test_audio_content" => json!([{ "type": "audio", "data": AUDIO, "mimeType": "audio/wav" }]),
        "test_embedded_resource" => {
            json!([embedded(
                "test://embedded-resource",
                "text/plain",
                "This is an embedded resource content."
            )])
        }
        "test_multiple_content_types" => json!([
            { "type": "text", "text": "Multiple content types test:" },
            image(),
            embedded("test://mixed-content-resource", "application/json", r#"{"test":"data","value":123}"#),
        ]),
        _ => return None,
    };
    Some(json!({ "content": content }))
}

pub(super) fn resources() -> Value {
    json!({ "resources": [
        { "uri": "test://static-text", "name": "text", "description": "A text", "mimeType": "text/plain" },
        { "uri": "test://static-binary", "name": "image", "description": "An image", "mimeType": "image/png" },
        { "uri": "test://watched-resource", "name": "watched", "description": "A text", "mimeType": "text/plain" },
    ] })
}

pub(super) fn resource_templates() -> Value {
    json!({ "resourceTemplates": [{
        "uriTemplate": "test://template/{id}/data",
        "name": "template",
        "description": "A text that names its id",
        "mimeType": "application/json",
    }] })
}

pub(super) fn resource(uri: &str) -> Option<Value> {
    let text = |kind: &str, text: &str| json!({ "uri": uri, "mimeType": kind, "text": text });
    let contents = match uri {
        "test://static-text" | "test://watched-resource" => {
            text("text/plain", "This is the content of the static text resource.")
        }
        "test://static-binary" => json!({ "uri": uri, "mimeType": "image/png", "blob": IMAGE }),
        _ => {
            let id = uri.strip_prefix("test://template/")?.strip_suffix("/data")?;
            let data = format!("Data for ID: {id}");
            text("application/json", &json!({ "id": id, "templateTest": true, "data": data }).to_string())
        }
    };
    Some(json!({ "contents": [contents] }))
}

pub(super) fn prompts() -> Value {
    let argument = |name: &str| json!({ "name": name, "description": "An argument", "required": true });
    let prompt = |name: &str, arguments: Vec<Value>| json!({ "name": name, "description": "A fixture of the conformance suite", "arguments": arguments });
    json!({ "prompts": [
        prompt("test_simple_prompt", vec![]),
        prompt("test_prompt_with_arguments", vec![argument("arg1"), argument("arg2")]),
        prompt("test_prompt_with_embedded_resource", vec![argument("resourceUri")]),
        prompt("test_prompt_with_image", vec![]),
        prompt("test_input_required_result_prompt", vec![]),
    ] })
}

/// A prompt that says this.
pub(super) fn prompt_of(said: &str) -> Value {
    json!({ "messages": [{ "role": "user", "content": { "type": "text", "text": said } }] })
}

/// A prompt that asks nothing back.
pub(super) fn prompt(name: &str, arguments: &JsonObject) -> Option<Value> {
    let argument = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
    let after = |content: Value, said: &str| {
        let mut prompt = prompt_of(said);
        let first = json!({ "role": "user", "content": content });
        prompt["messages"].as_array_mut().unwrap().insert(0, first);
        prompt
    };
    Some(match name {
        "test_simple_prompt" => prompt_of("This is a simple prompt for testing."),
        "test_prompt_with_arguments" => {
            let (one, two) = (argument("arg1"), argument("arg2"));
            prompt_of(&format!("Prompt with arguments: arg1='{one}', arg2='{two}'"))
        }
        "test_prompt_with_embedded_resource" => {
            let text = "Embedded resource content for testing.";
            let resource = embedded(argument("resourceUri"), "text/plain", text);
            after(resource, "Please process the embedded resource above.")
        }
        "test_prompt_with_image" => after(image(), "Please analyze the image above."),
        _ => return None,
    })
}

fn failed(error: &ServiceError) -> ErrorData {
    ErrorData::internal_error(error.to_string(), None)
}

/// Three log messages.
pub(super) async fn log(context: &RequestContext<RoleServer>) -> Result<(), ErrorData> {
    for said in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
        let message = shown(json!({ "level": "info", "data": said }));
        context.peer.notify_logging_message(message).await.map_err(|error| failed(&error))?;
    }
    Ok(())
}

/// Three steps of progress, if the request wants to hear of them.
pub(super) async fn progress(context: &RequestContext<RoleServer>) -> Result<(), ErrorData> {
    let Some(token) = context.meta.get_progress_token() else { return Ok(()) };
    for progress in [0, 50, 100] {
        let step = shown(json!({ "progressToken": token, "progress": progress, "total": 100 }));
        context.peer.notify_progress(step).await.map_err(|error| failed(&error))?;
    }
    Ok(())
}

/// Asks the client during a call, as the older protocol does, and says what came back.
pub(super) async fn ask(
    tool: &str,
    arguments: JsonObject,
    context: &RequestContext<RoleServer>,
) -> Result<String, ErrorData> {
    let argument = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
    if tool == "test_sampling" {
        let content = json!({ "type": "text", "text": argument("prompt") });
        let request: CreateMessageRequestParams =
            shown(json!({ "messages": [{ "role": "user", "content": content }], "maxTokens": 100 }));
        let result = context.peer.create_message(request).await.map_err(|error| failed(&error))?;
        return Ok(format!("LLM response: {}", json!(result)["content"]["text"]));
    }
    let request: ElicitRequestParams = shown(json!({
        "mode": "form",
        "message": if tool == "test_elicitation" { argument("message") } else { "Please answer" },
        "requestedSchema": { "type": "object", "properties": form(tool) },
    }));
    let result = context.peer.create_elicitation(request).await.map_err(|error| failed(&error))?;
    Ok(format!("User response: {}", json!(result)))
}

/// The fields of a form.
fn form(tool: &str) -> Value {
    let titled = |titles: [&str; 3]| -> Value {
        let values = titles.iter().enumerate();
        values.map(|(n, title)| json!({ "const": format!("value{}", n + 1), "title": title })).collect()
    };
    match tool {
        "test_elicitation_sep1034_defaults" => json!({
            "name": { "type": "string", "default": "John Doe" },
            "age": { "type": "integer", "default": 30 },
            "score": { "type": "number", "default": 95.5 },
            "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" },
            "verified": { "type": "boolean", "default": true },
        }),
        "test_elicitation_sep1330_enums" => json!({
            "untitledSingle": { "type": "string", "enum": ["option1", "option2", "option3"] },
            "titledSingle": {
                "type": "string",
                "oneOf": titled(["First Option", "Second Option", "Third Option"]),
            },
            "legacyEnum": {
                "type": "string",
                "enum": ["opt1", "opt2", "opt3"],
                "enumNames": ["Option One", "Option Two", "Option Three"],
            },
            "untitledMulti": {
                "type": "array",
                "items": { "type": "string", "enum": ["option1", "option2", "option3"] },
            },
            "titledMulti": {
                "type": "array",
                "items": { "anyOf": titled(["First Choice", "Second Choice", "Third Choice"]) },
            },
        }),
        _ => json!({
            "username": { "type": "string", "description": "User's response" },
            "email": { "type": "string", "description": "User's email address" },
        }),
    }
}
