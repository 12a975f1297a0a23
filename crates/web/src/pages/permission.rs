//! What an agent may do, as a form: scopes, accounts, limits and an end, for consent and for later changes.
//! Limits are read in `limits.rs`; what a permission means is decided in `access`.

use access::Account;
use domain::{AccountName, ApprovalRule, Grant, GrantedAccounts, Limits, Scope, Scopes};
use time::Duration;

use crate::{
    frame::{Fields, day},
    pages::limits::{self, LimitFields, RuleInWords, Slip},
};

/// What a person allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Permission {
    /// What may be done.
    pub(crate) scopes: Scopes,
    /// In which accounts.
    pub(crate) accounts: GrantedAccounts,
    /// Within which limits.
    pub(crate) limits: Limits,
    /// Until when.
    pub(crate) ending: Ending,
}

/// When a permission ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// When it was to end before.
    Kept,
    /// Not by itself.
    Never,
    /// So long from now.
    After(Duration),
}

/// What may be chosen for the end: name, words, days.
const ENDINGS: [(&str, &str, i64); 5] = [
    ("1d", "In a day", 1),
    ("7d", "In a week", 7),
    ("30d", "In 30 days", 30),
    ("90d", "In 90 days", 90),
    ("365d", "In a year", 365),
];

/// Scopes that are never ticked beforehand.
const GRAVE: [Scope; 3] = [Scope::Send, Scope::Delete, Scope::Manage];

/// The form. Its template is `permission.html`.
#[derive(Debug, Clone)]
pub(crate) struct PermissionForm {
    /// The scopes that can be ticked, by what they touch.
    pub(crate) groups: Vec<ScopeGroup>,
    /// What is allowed already and is not asked about here, in words.
    pub(crate) besides: Vec<&'static str>,
    /// The person's accounts.
    pub(crate) accounts: Vec<AccountBox>,
    /// Whether all accounts, later ones too, are ticked.
    pub(crate) is_all: bool,
    /// The limits.
    pub(crate) limits: LimitFields,
    /// The name of the chosen end.
    pub(crate) ending: String,
    /// The day on which it was to end before.
    pub(crate) ends: Option<String>,
    /// What is to be mended.
    pub(crate) slips: Vec<Slip>,
}

/// Scopes that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScopeGroup {
    /// What they have in common.
    pub(crate) title: &'static str,
    /// Whether care is called for.
    pub(crate) is_grave: bool,
    /// The scopes.
    pub(crate) boxes: Vec<ScopeBox>,
}

/// A scope to tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScopeBox {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it lets an agent do, as a sentence begins.
    pub(crate) lets: String,
    /// Whether it is ticked.
    pub(crate) is_ticked: bool,
    /// Whether an agent that is in already asks for it and has not got it.
    pub(crate) is_more: bool,
}

/// An account to tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccountBox {
    /// Its name.
    pub(crate) name: String,
    /// Its address.
    pub(crate) address: String,
    /// Whether it is ticked.
    pub(crate) is_ticked: bool,
}

impl PermissionForm {
    /// For somebody new: nothing grave is ticked, and no account but the default one.
    pub(crate) fn fresh(offered: Scopes, accounts: &[Account], approval: ApprovalRule) -> Self {
        let ticked: Scopes = offered.iter().filter(|scope| !GRAVE.contains(scope)).collect();
        let limits = Limits { approval: Some(approval), ..Limits::default() };
        Self {
            groups: groups(offered, ticked, None),
            besides: Vec::new(),
            accounts: boxes(accounts, |account| account.is_default),
            is_all: false,
            limits: LimitFields::of(&limits),
            ending: "never".to_owned(),
            ends: None,
            slips: Vec::new(),
        }
    }

    /// For an agent that is in already: everything is offered, what it has is ticked.
    pub(crate) fn of(grant: &Grant, accounts: &[Account]) -> Self {
        let mut form = Self::asked_again(grant, Scopes::all(), accounts);
        for scope in form.groups.iter_mut().flat_map(|group| &mut group.boxes) {
            scope.is_more = false;
        }
        form
    }

    /// For an agent that is in already and asks again: what it has is ticked, what it has not is marked.
    pub(crate) fn asked_again(grant: &Grant, offered: Scopes, accounts: &[Account]) -> Self {
        let is_all = grant.accounts == GrantedAccounts::All;
        Self {
            groups: groups(offered, grant.scopes.intersect(offered), Some(grant.scopes)),
            besides: grant
                .scopes
                .iter()
                .filter(|scope| !offered.has(*scope))
                .map(Scope::lets_an_agent)
                .collect(),
            accounts: boxes(accounts, |account| !is_all && grant.accounts.include(&account.name)),
            is_all,
            limits: LimitFields::of(&grant.limits),
            ending: if grant.expires.is_some() { "keep" } else { "never" }.to_owned(),
            ends: grant.expires.map(day),
            slips: Vec::new(),
        }
    }

    /// The same form as somebody filled it in, with what is to be mended.
    #[must_use]
    pub(crate) fn typed(mut self, fields: &Fields, slips: Vec<Slip>) -> Self {
        for scope in self.groups.iter_mut().flat_map(|group| &mut group.boxes) {
            scope.is_ticked = fields.all("scope").any(|name| name == scope.name);
        }
        for account in &mut self.accounts {
            account.is_ticked = fields.all("account").any(|name| name == account.name);
        }
        self.is_all = fields.all("account").any(|name| name == "all");
        self.limits = LimitFields::typed(fields);
        fields.text("ending").clone_into(&mut self.ending);
        self.slips = slips;
        self
    }

    /// What is wrong with a field.
    pub(crate) fn slip(&self, field: &str) -> Option<&str> {
        self.slips.iter().find(|slip| slip.field == field).map(|slip| slip.text.as_str())
    }

    /// Whether the limits are shown at once: some are set, or one is to be mended.
    pub(crate) fn is_unfolded(&self) -> bool {
        let of_limits = |slip: &Slip| !matches!(slip.field, "scope" | "account");
        !self.limits.is_plain() || self.ending != "never" || self.slips.iter().any(of_limits)
    }

    /// The rules of approval.
    #[expect(clippy::unused_self, reason = "the template asks the form for all it shows")]
    pub(crate) fn rules(&self) -> impl Iterator<Item = RuleInWords> {
        limits::rules()
    }

    /// Where approvals may be given: name and words.
    #[expect(clippy::unused_self, reason = "the template asks the form for all it shows")]
    pub(crate) fn places(&self) -> [(&'static str, &'static str); 2] {
        limits::places()
    }

    /// The ends that may be chosen: name and words.
    pub(crate) fn endings(&self) -> Vec<(&'static str, String)> {
        let kept = self.ends.iter().map(|day| ("keep", format!("On {day}, as before")));
        let never = ("never", "Only when I end it".to_owned());
        let later = ENDINGS.iter().map(|(name, words, _)| (*name, (*words).to_owned()));
        kept.chain([never]).chain(later).collect()
    }
}

impl Permission {
    /// What the fields of the form say. `before` is the grant that was shown, if there was one.
    pub(crate) fn read(
        fields: &Fields,
        offered: Scopes,
        accounts: &[Account],
        before: Option<&Grant>,
    ) -> Result<Self, Vec<Slip>> {
        let mut slips = Vec::new();
        let scopes = Scope::ALL
            .iter()
            .copied()
            .filter(|scope| fields.all("scope").any(|name| name == scope.as_str()))
            .collect::<Scopes>()
            .intersect(offered);
        if scopes.is_empty() {
            slips.push(Slip::new("scope", "Tick at least one thing that it may do."));
        }
        let reached = read_accounts(fields, accounts).map_err(|slip| slips.push(slip));
        let limits = before.map(|grant| grant.limits.clone()).unwrap_or_default();
        let limits = LimitFields::typed(fields).read(&limits).map_err(|more| slips.extend(more));
        let ending = read_ending(fields.text("ending"), before).map_err(|slip| slips.push(slip));
        match (reached, limits, ending) {
            (Ok(accounts), Ok(limits), Ok(ending)) if slips.is_empty() => {
                Ok(Self { scopes, accounts, limits, ending })
            }
            _ => Err(slips),
        }
    }
}

fn groups(offered: Scopes, ticked: Scopes, had: Option<Scopes>) -> Vec<ScopeGroup> {
    let group = |title, is_grave, scopes: &[Scope]| ScopeGroup {
        title,
        is_grave,
        boxes: scopes
            .iter()
            .copied()
            .filter(|scope| offered.has(*scope))
            .map(|scope| ScopeBox {
                name: scope.as_str(),
                lets: capitalised(scope.lets_an_agent()),
                is_ticked: ticked.has(scope),
                is_more: had.is_some_and(|had| !had.has(scope)),
            })
            .collect(),
    };
    [
        group("Looking", false, &[Scope::Folders, Scope::Search, Scope::Read]),
        group("Writing and sorting", false, &[Scope::Draft, Scope::Modify]),
        group("Sending and destroying", true, &GRAVE),
    ]
    .into_iter()
    .filter(|group| !group.boxes.is_empty())
    .collect()
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn boxes(accounts: &[Account], is_ticked: impl Fn(&Account) -> bool) -> Vec<AccountBox> {
    let to_box = |account: &Account| AccountBox {
        name: account.name.to_string(),
        address: account.settings.address.clone(),
        is_ticked: is_ticked(account),
    };
    accounts.iter().map(to_box).collect()
}

fn read_accounts(fields: &Fields, accounts: &[Account]) -> Result<GrantedAccounts, Slip> {
    if fields.all("account").any(|name| name == "all") {
        return Ok(GrantedAccounts::All);
    }
    let mut names: Vec<AccountName> = Vec::new();
    for text in fields.all("account") {
        let Some(account) = accounts.iter().find(|account| account.name.as_str() == text) else {
            return Err(Slip::new("account", "One of these accounts is not there any more. Choose again."));
        };
        if !names.contains(&account.name) {
            names.push(account.name.clone());
        }
    }
    if names.is_empty() {
        return Err(Slip::new("account", "Tick at least one account."));
    }
    names.sort();
    Ok(GrantedAccounts::Only(names))
}

fn read_ending(text: &str, before: Option<&Grant>) -> Result<Ending, Slip> {
    match text {
        "never" => Ok(Ending::Never),
        "keep" if before.is_some_and(|grant| grant.expires.is_some()) => Ok(Ending::Kept),
        _ => ENDINGS
            .iter()
            .find(|(name, ..)| *name == text)
            .map(|(.., days)| Ending::After(Duration::days(*days)))
            .ok_or_else(|| Slip::new("ending", "Choose one of these.")),
    }
}

#[cfg(test)]
mod tests;
