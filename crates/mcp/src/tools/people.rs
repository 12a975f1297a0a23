//! `mail_people`: a name or an address, and whom the person knows by it.

use domain::Scope;
use engine::people::{PeopleRequest, Person};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Refused,
    tool::{Call, Effect, Tool},
    view::{self, coverage::CoverageView, date, shorten},
};

pub(crate) struct People;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    /// Empty: recent
    #[serde(default)]
    query: String,
    account: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Output {
    people: Vec<PersonView>,
    // as of `mail_search`; its schema is told there
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>", extend("x-untrusted" = true))]
    coverage: Option<CoverageView>,
}

#[derive(Serialize, JsonSchema)]
struct PersonView {
    #[schemars(extend("x-untrusted" = true))]
    name: String,
    #[schemars(extend("x-untrusted" = true))]
    address: String,
    last: String,
    count: u32,
}

impl From<Person> for PersonView {
    fn from(person: Person) -> Self {
        Self {
            name: shorten(&view::name(&person.address), 100).0,
            address: shorten(&person.address.email, 254).0,
            last: date(person.last),
            count: person.count,
        }
    }
}

impl Tool for People {
    const NAME: &str = "mail_people";
    const TITLE: &str = "Find people";
    const ABOUT: &str =
        "People by name or address, first whom the person wrote to; `coverage` if not all mail was seen.";
    const SCOPE: Scope = Scope::Search;
    const EFFECT: Effect = Effect::Reads;
    type Input = Input;
    type Output = Output;

    async fn call(cx: &Call<'_>, input: Input) -> Result<Output, Refused> {
        // `all` is no account's name, so it can only mean every one
        let account = input.account.filter(|name| name != "all");
        let found = cx.mail.people(cx.principal, PeopleRequest { query: input.query, account }).await?;
        let is_whole = found.coverage.is_exact;
        let coverage = (!is_whole).then(|| CoverageView::of(found.coverage, cx.request));
        Ok(Output { people: found.people.into_iter().map(PersonView::from).collect(), coverage })
    }
}
