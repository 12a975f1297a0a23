//! `mail_accounts`: the accounts of the grant and how they are doing.

use domain::Scope;
use engine::accounts::AccountStatus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Refused,
    tool::{Call, Effect, Tool},
};

pub(crate) struct Accounts;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Output {
    accounts: Vec<Account>,
}

#[derive(Serialize, JsonSchema)]
struct Account {
    name: String,
    address: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    display_name: String,
    default: bool,
    state: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    hint: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    identities: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allowed: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    writing_style: String,
}

impl From<AccountStatus> for Account {
    fn from(status: AccountStatus) -> Self {
        Self {
            name: status.name.into(),
            address: status.address,
            display_name: status.display_name,
            default: status.is_default,
            state: status.state,
            hint: status.hint,
            identities: status.identities,
            allowed: status.folders,
            writing_style: status.writing_style,
        }
    }
}

impl Tool for Accounts {
    const NAME: &str = "mail_accounts";
    const TITLE: &str = "List mail accounts";
    const ABOUT: &str = "Lists the mail accounts you may use: their name (for `account`), whether it is the default, and state: \
        `ok`, `unknown` before first use, or an error code. `identities` may stand in `from`; `allowed`, if there, are \
        the only folders you can reach; `writing_style` is how the person wants to sound.";
    const SCOPE: Scope = Scope::Folders;
    const EFFECT: Effect = Effect::Reads;
    type Input = Input;
    type Output = Output;

    async fn call(cx: &Call<'_>, _input: Input) -> Result<Output, Refused> {
        let accounts = cx.mail.accounts(cx.principal).await?;
        Ok(Output { accounts: accounts.into_iter().map(Account::from).collect() })
    }
}
