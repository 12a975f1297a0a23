//! `mail_delete`: messages that are gone for good, always after a plan. Trash is `mail_organize`.

use domain::{FolderArg, Problem, Scope};
use engine::delete::DeleteRequest;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    changed::{Changed, ChangedBriefly},
    organize::few_enough,
};
use crate::{
    error::Refused,
    tool::{Call, Effect, Tool},
};

pub(crate) struct Delete;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    ids: Option<Vec<String>>,
    /// `@trash` or `@junk`: all in it
    folder: Option<String>,
    account: Option<String>,
    /// Of the `plan`
    confirm: Option<String>,
}

impl Input {
    fn request(self) -> Result<DeleteRequest, Problem> {
        let ids = self.ids.unwrap_or_default();
        few_enough(&ids, "Move more to `@trash` with `mail_organize`, then delete all in `@trash`.")?;
        let folder = self.folder.as_deref().map(FolderArg::parse);
        Ok(DeleteRequest { ids, folder, account: self.account, confirm: self.confirm })
    }
}

impl Tool for Delete {
    const NAME: &str = "mail_delete";
    const TITLE: &str = "Delete mail for good";
    const ABOUT: &str = "Destroys messages for good. First answers a `plan`; only if the person agrees call again with its \
        `confirm`. For Trash use `mail_organize`.";
    const SCOPE: Scope = Scope::Delete;
    const EFFECT: Effect = Effect::Destroys;
    type Input = Input;
    type Output = ChangedBriefly;

    fn targets(input: &Input) -> Vec<String> {
        input.ids.clone().unwrap_or_default()
    }

    fn made(output: &ChangedBriefly) -> Vec<String> {
        output.0.made()
    }

    fn ended(output: &ChangedBriefly) -> &'static str {
        output.0.ended()
    }

    async fn call(cx: &Call<'_>, input: Input) -> Result<ChangedBriefly, Refused> {
        let named = input.ids.clone().unwrap_or_default();
        let request = input.request()?;
        let organized = cx.mail.delete(cx.principal, request, cx.progress).await?;
        Ok(ChangedBriefly(Changed::of(organized, &named, cx.request)))
    }
}
