//! What a tool is, and how one becomes an entry of the list that clients see.

use std::{future::Future, sync::Arc};

use domain::{Principal, Problem, RequestId, Scope, Scopes};
use engine::organize::Progress;
use rmcp::model::{JsonObject, Tool as Advert, ToolAnnotations};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    arguments,
    asking::Asking,
    deadline::Deadline,
    error::Refused,
    files::HandOver,
    gate::{Boxed, Gate},
    mail::Mail,
    schema,
    view::Nonce,
};

/// How a call ended that did what it was asked.
const WELL: &str = "ok";

/// What calling a tool can change; becomes the four annotations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing, not even `\Seen`.
    Reads,
    /// Something that can be changed back.
    Changes,
    /// Mail leaves for other people.
    Sends,
    /// Something is gone for good.
    Destroys,
}

impl Effect {
    fn annotations(self) -> ToolAnnotations {
        ToolAnnotations::new()
            .read_only(self == Self::Reads)
            .destructive(self == Self::Destroys)
            .idempotent(self == Self::Reads)
            .open_world(self == Self::Sends)
    }
}

/// One tool: one type, one file, one line in the list.
pub(crate) trait Tool: 'static {
    /// The name that agents call: snake case.
    const NAME: &'static str;
    /// The name that people read.
    const TITLE: &'static str;
    /// What it does, for the agent; at most 400 characters.
    const ABOUT: &'static str;
    /// The scope without which it cannot be called, nor seen.
    const SCOPE: Scope;
    /// Scopes that do instead, where the call itself looks which one it needs.
    const OR: &'static [Scope] = &[];
    /// What it can change.
    const EFFECT: Effect;
    /// Its arguments.
    type Input: DeserializeOwned + JsonSchema + Send + 'static;
    /// Its answer.
    type Output: Serialize + JsonSchema + Send;

    /// The messages and drafts that the call is about, for the audit trail. Ids only, never an address.
    fn targets(_input: &Self::Input) -> Vec<String> {
        Vec::new()
    }

    /// What came of it, for the audit trail: likewise.
    fn made(_output: &Self::Output) -> Vec<String> {
        Vec::new()
    }

    /// How it ended, for the audit trail: a word, `ok` where there is nothing else to say.
    fn ended(_output: &Self::Output) -> &'static str {
        WELL
    }

    /// Does it.
    fn call(cx: &Call<'_>, input: Self::Input) -> impl Future<Output = Result<Self::Output, Refused>> + Send;

    /// Takes out of the answer what is to be looked at: it goes beside the JSON, never into it.
    fn pictures(_output: &mut Self::Output) -> Vec<Picture> {
        Vec::new()
    }
}

/// A picture beside an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Its media type.
    pub media_type: String,
    /// Its file in base64.
    pub data: String,
}

/// What a tool answered.
pub(crate) struct Answer {
    /// For programs.
    pub json: Value,
    /// The same JSON as text.
    pub text: String,
    /// Pictures beside it.
    pub pictures: Vec<Picture>,
    /// Ids of what came of it.
    pub made: Vec<String>,
    /// How it ended, in a word.
    pub ended: &'static str,
}

impl Answer {
    /// How large it is, pictures included.
    pub(crate) fn octets(&self) -> u64 {
        let pictures = self.pictures.iter().map(|picture| picture.data.len());
        (self.text.len() + pictures.sum::<usize>()) as u64
    }

    /// The handle of the change that was made; empty if there is none.
    pub(crate) fn undo(&self) -> &str {
        self.json.get("undo").and_then(Value::as_str).unwrap_or_default()
    }
}

/// All that a tool may touch while it runs.
pub(crate) struct Call<'a> {
    /// Who is calling.
    pub principal: &'a Principal,
    /// The engine.
    pub mail: &'a dyn Mail,
    /// Gives links.
    pub gate: &'a dyn Gate,
    /// Where attachments go as files.
    pub files: &'a HandOver,
    /// Asks the person.
    pub asking: &'a Asking<'a>,
    /// When it ends; what moves octets puts it off.
    pub deadline: &'a Deadline,
    /// Told how many of how many messages are done; puts the end off, too.
    pub progress: &'a Progress,
    /// Marks what senders wrote, in this answer only.
    pub nonce: Nonce,
    /// Finds the request in the log.
    pub request: Option<&'a RequestId>,
}

type Run = Box<dyn for<'a> FnOnce(&'a Call<'a>) -> Boxed<'a, Result<Answer, Refused>> + Send>;

/// A call whose arguments are good.
pub(crate) struct Prepared {
    /// The messages it is about.
    pub targets: Vec<String>,
    /// Does it.
    pub run: Run,
}

/// A tool with its types forgotten, as the list holds it.
pub(crate) struct Entry {
    /// Its name.
    pub name: &'static str,
    /// The scopes one of which it needs.
    pub scopes: Scopes,
    /// What it can change.
    pub effect: Effect,
    /// The whole tool object.
    pub advert: Advert,
    read: fn(&str, &JsonObject, JsonObject) -> Result<Prepared, Problem>,
}

impl Entry {
    /// The entry of a tool.
    pub(crate) fn of<T: Tool>() -> Self {
        let mut advert = Advert::new(T::NAME, T::ABOUT, Arc::new(schema::input_of::<T::Input>()));
        advert.title = Some(T::TITLE.to_owned());
        advert.output_schema = Some(Arc::new(schema::output_of::<T::Output>()));
        advert.annotations = Some(T::EFFECT.annotations());
        let scopes = [T::SCOPE].iter().chain(T::OR).copied().collect();
        Self { name: T::NAME, scopes, effect: T::EFFECT, advert, read: prepare::<T> }
    }

    /// Whether the principal holds a scope that it needs.
    pub(crate) fn is_open_to(&self, principal: &Principal) -> bool {
        !self.scopes.intersect(principal.scopes).is_empty()
    }

    /// Checks the arguments.
    pub(crate) fn prepare(&self, arguments: JsonObject) -> Result<Prepared, Problem> {
        (self.read)(self.name, &self.advert.input_schema, arguments)
    }
}

fn prepare<T: Tool>(name: &str, schema: &JsonObject, sent: JsonObject) -> Result<Prepared, Problem> {
    let checked = arguments::check(name, schema, sent)?;
    let input: T::Input = serde_json::from_value(Value::Object(checked))
        .map_err(|error| arguments::invalid(format!("The arguments cannot be read: {error}.")))?;
    let targets = bounded(&T::targets(&input));
    let run: Run = Box::new(move |cx| Box::pin(run::<T>(cx, input)));
    Ok(Prepared { targets, run })
}

fn bounded(ids: &[String]) -> Vec<String> {
    ids.iter().map(|id| id.chars().take(200).collect()).collect()
}

async fn run<T: Tool>(cx: &Call<'_>, input: T::Input) -> Result<Answer, Refused> {
    let mut output = T::call(cx, input).await?;
    let pictures = T::pictures(&mut output);
    let (made, ended) = (bounded(&T::made(&output)), T::ended(&output));
    let json = serde_json::to_value(output).map_err(|error| {
        tracing::error!(tool = T::NAME, %error, "an answer cannot be written as JSON");
        Problem::new(domain::Code::Internal, "The answer could not be written.")
    })?;
    let text = json.to_string();
    Ok(Answer { json, text, pictures, made, ended })
}
