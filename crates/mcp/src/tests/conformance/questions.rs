//! Fixtures that answer with a question: the rounds of the newer protocol, in which a client calls again with
//! what its user said and with the sealed state that it was given.

use rmcp::{
    ErrorData,
    model::{ClientCapabilities, InputRequiredResult, InputResponses, RequestStateCodec, SealOptions},
};
use serde_json::{Map, Value, json};

use super::fixture::shown;

/// Seals the state of rounds.
pub(super) struct Questions(RequestStateCodec);

impl Default for Questions {
    fn default() -> Self {
        Self(RequestStateCodec::try_new(b"a key of a test, of 32 octets and more").unwrap())
    }
}

/// What a fixture asks for in each of its rounds, and whether it hands out state.
struct Rounds {
    asked: Vec<Map<String, Value>>,
    is_sealed: bool,
}

/// The state that came back, and the answers.
type Given<'a> = (Option<&'a str>, Option<&'a InputResponses>);

impl Questions {
    /// What was said once everything is answered, else the next question; absent if nothing is called that.
    pub(super) fn next(
        &self,
        name: &str,
        declared: &ClientCapabilities,
        (state, responses): Given<'_>,
    ) -> Result<Option<Result<String, InputRequiredResult>>, ErrorData> {
        let Some(mut rounds) = rounds(name) else { return Ok(None) };
        for asked in &mut rounds.asked {
            asked.retain(|_, question| is_declared(question, declared));
        }
        let asked = match state {
            Some(state) => self.open(state, name)?,
            None if rounds.is_sealed || responses.is_none() => 0,
            None => 1,
        };
        let nothing = InputResponses::new();
        let responses = responses.unwrap_or(&nothing);
        let is_answered = |asked: &Map<String, Value>| {
            asked
                .iter()
                .all(|(key, question)| responses.get(key).is_some_and(|answer| is_answer(question, answer)))
        };
        let round = match asked.checked_sub(1) {
            Some(before) if !rounds.asked.get(before).is_some_and(is_answered) => before,
            _ => asked,
        };
        let Some(question) = rounds.asked.get(round) else {
            return Ok(Some(Ok(format!("state-ok {}", json!(responses)))));
        };
        let state = rounds.is_sealed.then(|| self.seal(round + 1, name));
        Ok(Some(Err(InputRequiredResult::new(Some(shown(json!(question))), state))))
    }

    fn seal(&self, round: usize, name: &str) -> String {
        self.0.seal_with(round.to_string().as_bytes(), &SealOptions::new().associated_data(name.as_bytes()))
    }

    fn open(&self, state: &str, name: &str) -> Result<usize, ErrorData> {
        let opened = self.0.open_with(state, name.as_bytes()).ok();
        let round = opened.and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok());
        round.ok_or_else(|| ErrorData::invalid_params("the state was not given out for this call", None))
    }
}

fn is_declared(question: &Value, declared: &ClientCapabilities) -> bool {
    match question["method"].as_str() {
        Some("elicitation/create") => declared.elicitation.is_some(),
        Some("sampling/createMessage") => declared.sampling.is_some(),
        Some("roots/list") => declared.roots.is_some(),
        _ => false,
    }
}

fn is_answer(question: &Value, answer: &Value) -> bool {
    match question["method"].as_str() {
        Some("elicitation/create") => answer["action"] == "accept" && answer["content"].is_object(),
        Some("sampling/createMessage") => answer["content"].is_object(),
        Some("roots/list") => answer["roots"].is_array(),
        _ => false,
    }
}

fn form(message: &str, field: &str, kind: &str) -> Value {
    let schema = json!({ "type": "object", "properties": { field: { "type": kind } }, "required": [field] });
    json!({ "method": "elicitation/create", "params": {
        "mode": "form", "message": message, "requestedSchema": schema,
    } })
}

fn sampling(prompt: &str) -> Value {
    let content = json!({ "type": "text", "text": prompt });
    json!({ "method": "sampling/createMessage", "params": {
        "messages": [{ "role": "user", "content": content }], "maxTokens": 100,
    } })
}

fn roots() -> Value {
    json!({ "method": "roots/list", "params": {} })
}

fn rounds(name: &str) -> Option<Rounds> {
    let name = match name {
        "test_streaming_elicitation" => "elicitation",
        _ => name.strip_prefix("test_input_required_result_")?,
    };
    let asked = match name {
        "elicitation" => vec![json!({ "user_name": form("What is your name?", "name", "string") })],
        "sampling" => vec![json!({ "capital_question": sampling("What is the capital of France?") })],
        "list_roots" => vec![json!({ "client_roots": roots() })],
        "request_state" | "tampered_state" => {
            vec![json!({ "confirm": form("Please confirm", "ok", "boolean") })]
        }
        "multiple_inputs" => vec![json!({
            "user_name": form("What is your name?", "name", "string"),
            "greeting": sampling("Generate a greeting"),
            "client_roots": roots(),
        })],
        "multi_round" => vec![
            json!({ "step1": form("Step 1: What is your name?", "name", "string") }),
            json!({ "step2": form("Step 2: What is your favorite color?", "color", "string") }),
        ],
        "capabilities" => vec![json!({
            "user_name": form("What is your name?", "name", "string"),
            "greeting": sampling("Generate a greeting"),
        })],
        "prompt" => {
            vec![json!({ "user_context": form("What context should the prompt use?", "context", "string") })]
        }
        _ => return None,
    };
    let is_sealed = matches!(name, "request_state" | "tampered_state" | "multiple_inputs" | "multi_round");
    Some(Rounds { asked: asked.into_iter().map(shown).collect(), is_sealed })
}
