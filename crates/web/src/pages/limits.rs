//! A grant's limits as the fields of a form, and what a person typed as limits again. What the limits do is
//! decided in `access` and `engine`; which scopes and accounts are granted is in `permission.rs`.

use domain::{ApprovalPlace, ApprovalRule, FolderArg, FolderName, Limits, Role};
use time::{Date, Month, Time};

use crate::frame::Fields;

/// Folders and recipients that a grant may name.
const ENTRIES: usize = 200;

/// Octets of a folder's name.
const FOLDER_BYTES: usize = 1_000;

/// The highest rate that may be typed.
const RATE: u32 = 100_000;

/// What is wrong with a field, as the person reads it beside the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slip {
    /// The field.
    pub(crate) field: &'static str,
    /// What to mend.
    pub(crate) text: String,
}

impl Slip {
    /// A slip in that field.
    pub(crate) fn new(field: &'static str, text: impl Into<String>) -> Self {
        Self { field, text: text.into() }
    }
}

/// The fields, as they stand in the form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LimitFields {
    /// One folder a line.
    pub(crate) folders: String,
    /// A day, `2026-11-21`.
    pub(crate) nothing_before: String,
    /// Calls an hour.
    pub(crate) calls: String,
    /// Messages an hour.
    pub(crate) sends: String,
    /// One recipient a line.
    pub(crate) recipients: String,
    /// The name of a rule.
    pub(crate) approval: String,
    /// Where approvals are given.
    pub(crate) place: String,
    /// Whether one-time codes are shown.
    pub(crate) shows_codes: bool,
}

impl LimitFields {
    /// The fields that say these limits.
    pub(crate) fn of(limits: &Limits) -> Self {
        let number = |rate: Option<u32>| rate.map_or_else(String::new, |rate| rate.to_string());
        Self {
            folders: limits.folders.join("\n"),
            nothing_before: limits.nothing_before.map_or_else(String::new, |at| iso_day(at.date())),
            calls: number(limits.calls_per_hour),
            sends: number(limits.sends_per_hour),
            recipients: limits.recipients.join("\n"),
            approval: limits.approval.unwrap_or_default().as_str().to_owned(),
            place: limits.approval_place.unwrap_or_default().as_str().to_owned(),
            shows_codes: limits.shows_codes,
        }
    }

    /// The fields as somebody typed them, right or wrong.
    pub(crate) fn typed(fields: &Fields) -> Self {
        let text = |name| fields.text(name).to_owned();
        Self {
            folders: text("folders"),
            nothing_before: text("nothing_before"),
            calls: text("calls"),
            sends: text("sends"),
            recipients: text("recipients"),
            approval: text("approval"),
            place: text("place"),
            shows_codes: fields.has("shows_codes"),
        }
    }

    /// The limits that the fields say; `before` are those that stood in the form when it was shown, so that
    /// what was left alone stays exactly as it was.
    pub(crate) fn read(&self, before: &Limits) -> Result<Limits, Vec<Slip>> {
        let mut slips = Vec::new();
        let shown = Self::of(before);
        let limits = Limits {
            folders: keep(&mut slips, read_folders(&self.folders)),
            nothing_before: if self.nothing_before == shown.nothing_before {
                before.nothing_before
            } else {
                keep(&mut slips, read_day(&self.nothing_before))
                    .map(|day| day.with_time(Time::MIDNIGHT).assume_utc())
            },
            calls_per_hour: keep(&mut slips, read_rate("calls", &self.calls)),
            sends_per_hour: keep(&mut slips, read_rate("sends", &self.sends)),
            recipients: keep(&mut slips, read_recipients(&self.recipients)),
            approval: Some(keep(&mut slips, read_choice("approval", &self.approval))),
            approval_place: if self.place == shown.place {
                before.approval_place
            } else {
                Some(keep(&mut slips, read_choice("place", &self.place)))
            },
            shows_codes: self.shows_codes,
        };
        if slips.is_empty() { Ok(limits) } else { Err(slips) }
    }

    /// Whether any of them says more than a fresh form does.
    pub(crate) fn is_plain(&self) -> bool {
        let fresh = Self { approval: self.approval.clone(), ..Self::of(&Limits::default()) };
        *self == fresh
    }
}

/// A rule of approval as a form offers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RuleInWords {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it is called on pages.
    pub(crate) title: &'static str,
    /// What it means.
    pub(crate) meaning: &'static str,
    /// Whether a mail can talk an agent into harm unseen.
    pub(crate) is_risky: bool,
}

/// Every rule, the strictest first.
pub(crate) fn rules() -> impl Iterator<Item = RuleInWords> {
    ApprovalRule::ALL.iter().map(|rule| {
        let (title, meaning) = match rule {
            ApprovalRule::Always => ("Ask about every message", "Nothing leaves before you have said yes to it."),
            ApprovalRule::NewRecipients => (
                "Ask about new recipients",
                "People you wrote to yourself before get mail without a question. About everybody else you are \
                 asked first.",
            ),
            ApprovalRule::AfterStrangers => (
                "Ask about new recipients, but only after it read mail of strangers",
                "You are asked for a day after it was shown mail of somebody you do not know. Senders can be \
                 forged, so this is weaker.",
            ),
            ApprovalRule::Never => (
                "Never ask",
                "A single mail that talks the agent into it can make it send anything it may read to \
                 anybody, and you will not be asked.",
            ),
        };
        RuleInWords { name: rule.as_str(), title, meaning, is_risky: *rule == ApprovalRule::Never }
    })
}

/// The value, or the default with the slip noted.
fn keep<T: Default>(slips: &mut Vec<Slip>, read: Result<T, Slip>) -> T {
    read.unwrap_or_else(|slip| {
        slips.push(slip);
        T::default()
    })
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

fn read_folders(text: &str) -> Result<Vec<String>, Slip> {
    let slip = |text: String| Err(Slip::new("folders", text));
    let mut folders: Vec<String> = Vec::new();
    for line in lines(text) {
        let shown: String = line.chars().take(60).collect();
        if line.len() > FOLDER_BYTES || line.chars().any(char::is_control) {
            return slip(format!("“{shown}” is not the name of a folder."));
        }
        match FolderArg::parse(line) {
            FolderArg::All => {
                return slip("“all” means every folder: leave the field empty for that.".to_owned());
            }
            FolderArg::Name(name) if begins_as_role(&name) => {
                let roles: Vec<String> = Role::ALL.iter().map(Role::to_string).collect();
                let roles = roles.join(", ");
                return slip(format!(
                    "“{shown}” is none of {roles}. For a folder that begins with @ write %40."
                ));
            }
            folder => {
                let folder = folder.to_string();
                if !folders.contains(&folder) {
                    folders.push(folder);
                }
            }
        }
        if folders.len() > ENTRIES {
            return slip(format!("At most {ENTRIES} folders, please."));
        }
    }
    Ok(folders)
}

fn begins_as_role(name: &FolderName) -> bool {
    name.as_str().starts_with('@')
}

fn read_recipients(text: &str) -> Result<Vec<String>, Slip> {
    let slip = |text: String| Err(Slip::new("recipients", text));
    let mut recipients: Vec<String> = Vec::new();
    for entry in text.split([',', ';', '\n', '\r']).map(str::trim).filter(|entry| !entry.is_empty()) {
        let is_domain = entry.strip_prefix("*@").is_some_and(|domain| is_address(&format!("a@{domain}")));
        if !is_domain && (!is_address(entry) || entry.contains('*')) {
            let shown: String = entry.chars().filter(|c| !c.is_control()).take(60).collect();
            return slip(format!(
                "“{shown}” is not an address such as bob@example.org, or *@example.org for a whole domain."
            ));
        }
        if !recipients.iter().any(|known| known == entry) {
            recipients.push(entry.to_owned());
        }
        if recipients.len() > ENTRIES {
            return slip(format!("At most {ENTRIES} recipients, please."));
        }
    }
    Ok(recipients)
}

fn is_address(text: &str) -> bool {
    let has_odd = text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;\"".contains(c));
    let sides = text.rsplit_once('@');
    !has_odd && text.len() <= 320 && sides.is_some_and(|(local, host)| !local.is_empty() && !host.is_empty())
}

fn read_rate(field: &'static str, text: &str) -> Result<Option<u32>, Slip> {
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse() {
        Ok(rate) if (1..=RATE).contains(&rate) => Ok(Some(rate)),
        _ => Err(Slip::new(field, "Write a whole number from 1 to 100000, or leave this empty.")),
    }
}

fn read_day(text: &str) -> Result<Option<Date>, Slip> {
    if text.is_empty() {
        return Ok(None);
    }
    let mut parts = text.splitn(3, '-');
    let mut next = || parts.next().filter(|part| part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit()));
    let date = || {
        let year = next()?.parse().ok().filter(|year| (1970..=9999).contains(year))?;
        let month = Month::try_from(next()?.parse::<u8>().ok()?).ok()?;
        Date::from_calendar_date(year, month, next()?.parse().ok()?).ok()
    };
    let mut date = date;
    date()
        .map(Some)
        .ok_or_else(|| Slip::new("nothing_before", "Write a day such as 2026-01-31, or leave this empty."))
}

fn iso_day(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

fn read_choice<T: std::str::FromStr>(field: &'static str, text: &str) -> Result<T, Slip> {
    text.parse().map_err(|_| Slip::new(field, "Choose one of these."))
}

/// Where approvals are given, as a form offers it.
pub(crate) fn places() -> [(&'static str, &'static str); 2] {
    [
        (ApprovalPlace::Page.as_str(), "With Postroom: the message waits until you say yes"),
        (ApprovalPlace::Client.as_str(), "In the agent: only for a program of your own that you trust"),
    ]
}

#[cfg(test)]
mod tests;
