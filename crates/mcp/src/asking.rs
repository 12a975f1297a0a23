//! Asking the person in their client, in both eras: in the middle of a call, or by an answer that asks, after
//! which the client calls again with what was said and the sealed state that it was given.
//!
//! The state proves only that this question was asked in this call of this grant; what is decided by it is
//! judged anew by whoever decides.

use std::time::Duration;

use domain::Principal;
use rmcp::{
    Peer, RoleServer,
    model::{
        BooleanSchema, ClientCapabilities, ElicitRequest, ElicitRequestParams, ElicitResult,
        ElicitationAction, ElicitationSchema, InputRequest, InputRequests, InputRequiredResult,
        InputResponses, JsonObject, PrimitiveSchemaDefinition, ProtocolVersion, RequestStateCodec,
        SealOptions,
    },
    service::RequestContext,
};
use serde_json::{Value, json};

use crate::{deadline::Deadline, error::Refused};

/// The name of the one question, and of the one field of its form.
const APPROVE: &str = "approve";

/// What the person said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// Yes, in so many words.
    Yes,
    /// No.
    No,
    /// Nothing that decides: the question was put away, or not answered in time.
    Nothing,
}

/// What a client brings back when it calls again.
#[derive(Debug, Default)]
pub(crate) struct Brought {
    /// The state that it was given.
    pub(crate) state: Option<String>,
    /// What its user said.
    pub(crate) responses: Option<InputResponses>,
}

/// How the person can be asked during one call.
pub(crate) struct Asking<'a> {
    peer: &'a Peer<RoleServer>,
    codec: &'a RequestStateCodec,
    /// Whether the client shows forms.
    shows_forms: bool,
    /// Whether requests stand alone, so that an answer has to ask.
    is_stateless: bool,
    /// What a state is good for, and nothing else: tool, grant and arguments.
    bound_to: Vec<u8>,
    brought: Brought,
    wait: Duration,
    ttl: Duration,
}

/// How long questions stay open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// In the middle of a call.
    pub(crate) wait: Duration,
    /// Between two calls.
    pub(crate) ttl: Duration,
}

impl<'a> Asking<'a> {
    /// Of a call of `tool` with those arguments, as they were sent.
    pub(crate) fn of(
        context: &'a RequestContext<RoleServer>,
        codec: &'a RequestStateCodec,
        times: Times,
        bound_to: Vec<u8>,
        brought: Brought,
    ) -> Self {
        let is_stateless =
            context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28);
        let shows_forms = context.client_capabilities().is_some_and(|declared| shows_forms(&declared));
        let Times { wait, ttl } = times;
        Self { peer: &context.peer, codec, shows_forms, is_stateless, bound_to, brought, wait, ttl }
    }

    /// Whether the client can ask.
    pub(crate) fn is_possible(&self) -> bool {
        self.shows_forms
    }

    /// What a question that was asked before is about, and what was said, if this call brings it back.
    pub(crate) fn brought_back(&self) -> Result<Option<(String, Said)>, Refused> {
        let Some(state) = &self.brought.state else {
            // taken for a new call it would be done twice
            return if self.brought.responses.is_some() { Err(Refused::BadState) } else { Ok(None) };
        };
        let opened = self.codec.open_with(state, &self.bound_to).map_err(|error| {
            tracing::warn!(%error, "a call brought back a state that is not its own");
            Refused::BadState
        })?;
        let subject = String::from_utf8(opened).map_err(|_| Refused::BadState)?;
        let answer = self.brought.responses.as_ref().and_then(|responses| responses.get(APPROVE));
        let answer = answer.and_then(|answer| serde_json::from_value(answer.clone()).ok());
        Ok(Some((subject, answer.map_or(Said::Nothing, |answer: ElicitResult| said(&answer)))))
    }

    /// Asks. Where requests stand alone the answer to this one asks, and `subject` comes back with the next.
    pub(crate) async fn ask(
        &self,
        subject: &str,
        message: String,
        deadline: &Deadline,
    ) -> Result<Said, Refused> {
        let form = form(message);
        if self.is_stateless {
            let options = SealOptions::new().associated_data(&self.bound_to).ttl(self.ttl);
            let state = self.codec.seal_with(subject.as_bytes(), &options);
            let question = InputRequest::Elicitation(ElicitRequest::new(form));
            let questions = InputRequests::from([(APPROVE.to_owned(), question)]);
            return Err(Refused::Question(Box::new(InputRequiredResult::new(Some(questions), Some(state)))));
        }
        deadline.put_off_for(self.wait + Duration::from_secs(30));
        match self.peer.create_elicitation_with_timeout(form, Some(self.wait)).await {
            Ok(answer) => Ok(said(&answer)),
            Err(error) => {
                tracing::info!(%error, "a question got no answer");
                Ok(Said::Nothing)
            }
        }
    }
}

/// What a state of this call is bound to. Keys are in order in whichever order they came.
pub(crate) fn binding(tool: &str, principal: &Principal, arguments: &JsonObject) -> Vec<u8> {
    json!([tool, principal.grant.as_str(), arguments]).to_string().into_bytes()
}

/// A client that names no mode means forms.
fn shows_forms(declared: &ClientCapabilities) -> bool {
    declared.elicitation.as_ref().is_some_and(|modes| modes.form.is_some() || modes.url.is_none())
}

/// Only an approval in so many words is one; a form that was sent back without is none, nor a no.
fn said(answer: &ElicitResult) -> Said {
    let approve = answer.content.as_ref().and_then(|content| content.get(APPROVE)).and_then(Value::as_bool);
    match (&answer.action, approve) {
        (ElicitationAction::Accept, Some(true)) => Said::Yes,
        (ElicitationAction::Accept, Some(false)) | (ElicitationAction::Decline, _) => Said::No,
        _ => Said::Nothing,
    }
}

fn form(message: String) -> ElicitRequestParams {
    let field = BooleanSchema::new()
        .title("Send this mail")
        .description("Yes: it leaves exactly as shown. No: it is never sent.");
    let fields = [(APPROVE.to_owned(), PrimitiveSchemaDefinition::Boolean(field))];
    let requested_schema =
        ElicitationSchema::new(fields.into_iter().collect()).with_required(vec![APPROVE.to_owned()]);
    ElicitRequestParams::FormElicitationParams { meta: None, message, requested_schema }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(json: Value) -> ElicitResult {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn only_a_yes_in_so_many_words_is_one() {
        for (json, meant) in [
            (json!({"action": "accept", "content": {"approve": true}}), Said::Yes),
            (json!({"action": "accept", "content": {"approve": false}}), Said::No),
            (json!({"action": "decline"}), Said::No),
            (json!({"action": "decline", "content": {"approve": true}}), Said::No),
            (json!({"action": "cancel", "content": {"approve": true}}), Said::Nothing),
            (json!({"action": "accept"}), Said::Nothing),
            (json!({"action": "accept", "content": {"approve": "true"}}), Said::Nothing),
            (json!({"action": "accept", "content": {"yes": true}}), Said::Nothing),
        ] {
            assert_eq!(said(&answer(json.clone())), meant, "{json}");
        }
    }

    #[test]
    fn a_client_shows_forms_if_it_says_so_or_names_no_mode() {
        for (json, shows) in [
            (json!({"elicitation": {}}), true),
            (json!({"elicitation": {"form": {}}}), true),
            (json!({"elicitation": {"form": {}, "url": {}}}), true),
            (json!({"elicitation": {"url": {}}}), false),
            (json!({}), false),
        ] {
            assert_eq!(shows_forms(&serde_json::from_value(json.clone()).unwrap()), shows, "{json}");
        }
    }

    #[test]
    fn a_form_is_flat_and_has_nothing_ticked() {
        let json = serde_json::to_value(form("Hi".into())).unwrap();
        let field = &json["requestedSchema"]["properties"]["approve"];
        assert_eq!((&field["type"], field.get("default")), (&json!("boolean"), None), "{json}");
        assert_eq!(
            (&json["mode"], &json["requestedSchema"]["required"]),
            (&json!("form"), &json!(["approve"]))
        );
    }
}
