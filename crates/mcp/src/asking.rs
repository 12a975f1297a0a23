//! Asking the person in their client, in both eras: in the middle of a call, or by an answer that asks, after
//! which the client calls again with what was said and the sealed state that it was given.
//!
//! By a form they answer; by the URL of a page they are only led there, and what the client says of that decides
//! nothing. The state proves only that this question was asked in this way, in this call of this grant; what is
//! decided by it is judged anew by whoever decides.

use std::time::Duration;

use domain::Principal;
use rmcp::{
    Peer, RoleServer,
    model::{
        BooleanSchema, ClientCapabilities, CustomNotification, ElicitRequest, ElicitRequestParams,
        ElicitResult, ElicitationAction, ElicitationSchema, InputRequest, InputRequests, InputRequiredResult,
        InputResponses, JsonObject, PrimitiveSchemaDefinition, ProtocolVersion, RequestStateCodec,
        SealOptions, ServerNotification,
    },
    service::RequestContext,
};
use serde_json::{Value, json};

use crate::{deadline::Deadline, error::Refused};

/// The name of the one question, and of the one field of its form.
const APPROVE: &str = "approve";

/// What a client is told when a page that it opened has done its work.
const PAGE_IS_DONE: &str = "notifications/elicitation/complete";

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

/// What came of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answered {
    /// What the person said in a form.
    Said(Said),
    /// Whether the person let the client open the page that they were shown.
    Opened(bool),
}

/// In which way a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Form,
    Url,
}

impl Way {
    const ALL: &[Self] = &[Self::Form, Self::Url];

    /// What a state begins with, so that an answer to one is never taken for an answer to the other.
    fn mark(self) -> &'static str {
        match self {
            Self::Form => "form:",
            Self::Url => "url:",
        }
    }

    fn answered(self, answer: Option<&ElicitResult>) -> Answered {
        match self {
            Self::Form => Answered::Said(answer.map_or(Said::Nothing, said)),
            Self::Url => {
                Answered::Opened(answer.is_some_and(|answer| answer.action == ElicitationAction::Accept))
            }
        }
    }
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
    /// Whether the client opens pages.
    opens_pages: bool,
    /// Whether requests stand alone, so that an answer has to ask.
    is_stateless: bool,
    /// What a state is good for, and nothing else: tool, grant and arguments.
    bound_to: Vec<u8>,
    brought: Brought,
    times: Times,
}

/// How long questions stay open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// In the middle of a call.
    pub(crate) wait: Duration,
    /// Between two calls.
    pub(crate) ttl: Duration,
    /// For what the person does on a page that was opened.
    pub(crate) page: Duration,
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
        let declared = context.client_capabilities();
        let shows_forms = declared.as_ref().is_some_and(shows_forms);
        let opens_pages = declared.as_ref().is_some_and(opens_pages);
        Self { peer: &context.peer, codec, shows_forms, opens_pages, is_stateless, bound_to, brought, times }
    }

    /// Whether the client can show a form.
    pub(crate) fn shows_forms(&self) -> bool {
        self.shows_forms
    }

    /// Whether the client can lead the person to a page.
    pub(crate) fn opens_pages(&self) -> bool {
        self.opens_pages
    }

    /// How long the person is given who was led to a page.
    pub(crate) fn page_wait(&self) -> Duration {
        self.times.page
    }

    /// What a question that was asked before is about, and what came of it, if this call brings it back.
    pub(crate) fn brought_back(&self) -> Result<Option<(String, Answered)>, Refused> {
        let Some(state) = &self.brought.state else {
            // taken for a new call it would be done twice
            return if self.brought.responses.is_some() { Err(Refused::BadState) } else { Ok(None) };
        };
        let opened = self.codec.open_with(state, &self.bound_to).map_err(|error| {
            tracing::warn!(%error, "a call brought back a state that is not its own");
            Refused::BadState
        })?;
        let sealed = String::from_utf8(opened).map_err(|_| Refused::BadState)?;
        let found = Way::ALL.iter().find_map(|way| Some((*way, sealed.strip_prefix(way.mark())?)));
        let (way, subject) = found.ok_or(Refused::BadState)?;
        let answer = self.brought.responses.as_ref().and_then(|responses| responses.get(APPROVE));
        let answer = answer.and_then(|answer| serde_json::from_value(answer.clone()).ok());
        Ok(Some((subject.to_owned(), way.answered(answer.as_ref()))))
    }

    /// Asks by a form. Where requests stand alone the answer to this one asks, and `subject` comes back with the
    /// next.
    pub(crate) async fn ask(
        &self,
        subject: &str,
        message: String,
        deadline: &Deadline,
    ) -> Result<Said, Refused> {
        match self.put(Way::Form, subject, form(message), deadline).await? {
            Answered::Said(said) => Ok(said),
            Answered::Opened(_) => Ok(Said::Nothing),
        }
    }

    /// Has the client lead the person to a page, likewise; whether they let it. What they do there is not
    /// learned here.
    pub(crate) async fn lead(
        &self,
        subject: &str,
        message: String,
        url: &str,
        deadline: &Deadline,
    ) -> Result<bool, Refused> {
        let page = ElicitRequestParams::UrlElicitationParams {
            meta: None,
            message,
            url: url.to_owned(),
            // the question's own name, which the URL tells as well
            elicitation_id: subject.to_owned(),
        };
        Ok(self.put(Way::Url, subject, page, deadline).await? == Answered::Opened(true))
    }

    /// Tells the client that the person is done with the page that it opened, where requests do not stand alone.
    pub(crate) async fn page_is_done(&self, subject: &str) {
        if self.is_stateless {
            return;
        }
        let done = CustomNotification::new(PAGE_IS_DONE, Some(json!({ "elicitationId": subject })));
        // a client that is gone needs no telling
        let _ = self.peer.send_notification(ServerNotification::CustomNotification(done)).await;
    }

    async fn put(
        &self,
        way: Way,
        subject: &str,
        question: ElicitRequestParams,
        deadline: &Deadline,
    ) -> Result<Answered, Refused> {
        if self.is_stateless {
            let options = SealOptions::new().associated_data(&self.bound_to).ttl(self.times.ttl);
            let sealed = [way.mark(), subject].concat();
            let state = self.codec.seal_with(sealed.as_bytes(), &options);
            let question = InputRequest::Elicitation(ElicitRequest::new(question));
            let questions = InputRequests::from([(APPROVE.to_owned(), question)]);
            return Err(Refused::Question(Box::new(InputRequiredResult::new(Some(questions), Some(state)))));
        }
        deadline.put_off_for(self.times.wait + Duration::from_secs(30));
        match self.peer.create_elicitation_with_timeout(question, Some(self.times.wait)).await {
            Ok(answer) => Ok(way.answered(Some(&answer))),
            Err(error) => {
                tracing::info!(%error, "a question got no answer");
                Ok(way.answered(None))
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

/// Pages are opened only where the client says so.
fn opens_pages(declared: &ClientCapabilities) -> bool {
    declared.elicitation.as_ref().is_some_and(|modes| modes.url.is_some())
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
    fn a_client_shows_forms_if_it_says_so_or_names_no_mode_and_opens_pages_if_it_says_so() {
        for (json, shows, opens) in [
            (json!({"elicitation": {}}), true, false),
            (json!({"elicitation": {"form": {}}}), true, false),
            (json!({"elicitation": {"form": {}, "url": {}}}), true, true),
            (json!({"elicitation": {"url": {}}}), false, true),
            (json!({}), false, false),
        ] {
            let declared = serde_json::from_value(json.clone()).unwrap();
            assert_eq!((shows_forms(&declared), opens_pages(&declared)), (shows, opens), "{json}");
        }
    }

    #[test]
    fn what_is_said_of_a_page_is_never_a_yes() {
        for json in [
            json!({"action": "accept", "content": {"approve": true}}),
            json!({"action": "accept"}),
            json!({"action": "decline"}),
            json!({"action": "cancel", "content": {"approve": true}}),
        ] {
            let is_opened = json["action"] == "accept";
            assert_eq!(Way::Url.answered(Some(&answer(json))), Answered::Opened(is_opened));
        }
        assert_eq!(Way::Url.answered(None), Answered::Opened(false));
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
