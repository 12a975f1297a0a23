//! What is given: the settings' file and the environment, before anybody asks what it means.
//!
//! Knows where each text came from, so that an error can say it. The environment wins.

use std::{
    collections::BTreeMap,
    io::Read as _,
    path::{Path, PathBuf},
};

use domain::Secret;

use super::{
    nearest::nearest,
    setting::{Kind, Setting, Value},
};
use crate::error::{Error, Result};

/// Longest file of settings, of variables or of one secret.
const LONGEST: u64 = 1 << 20;

/// The environment's variables; ones that are not UTF-8 are left out.
pub(crate) type Environment = BTreeMap<String, Secret>;

/// The settings as they were given.
#[derive(Debug, Default)]
pub(crate) struct Given {
    pub(crate) file: Option<(PathBuf, toml::Table)>,
    pub(crate) environment: Environment,
}

/// One text and where it stands.
struct Found {
    text: Secret,
    place: String,
    is_in_file: bool,
}

impl Given {
    /// What `setting` says, or its default.
    pub(crate) fn read<T: Value>(&self, setting: Option<&Setting>) -> Result<T> {
        let setting = setting.ok_or_else(|| Error::setting("a setting is not declared", ""))?;
        let invalid = |place: &str, why: &str| {
            let hint = format!("docs/postroom.example.toml explains `{}`.", setting.key);
            Error::setting(format!("{place}: {why}"), hint)
        };
        if let Some(found) = self.find(setting)? {
            if found.is_in_file && setting.kind == Kind::MayHoldSecret && holds_password(found.text.expose())
            {
                return Err(belongs_into_environment(&found.place, setting));
            }
            return T::parse(&found.text).map_err(|why| invalid(&found.place, &why));
        }
        if setting.default.is_empty() {
            return T::absent().ok_or_else(|| invalid(&setting.variable(), "this must be set"));
        }
        T::parse(&Secret::new(setting.default)).map_err(|why| invalid(&setting.variable(), &why))
    }

    /// Whether `setting` is set to something else than its default.
    pub(crate) fn is_changed(&self, setting: &Setting) -> bool {
        let is_other = |found: Found| found.text.expose() != setting.default;
        self.find(setting).is_ok_and(|found| found.is_some_and(is_other))
    }

    /// The variable's text; an empty one counts as not set, which is what `${NAME:-}` gives.
    pub(crate) fn variable(&self, name: &str) -> Option<&Secret> {
        self.environment.get(name).filter(|text| !text.is_empty())
    }

    /// The text of a variable, or of the file that the variable with `_FILE` behind its name names.
    pub(crate) fn secret(&self, name: &str) -> Result<Option<Secret>> {
        let file_name = format!("{name}_FILE");
        match (self.variable(name), self.variable(&file_name)) {
            (Some(_), Some(_)) => Err(Error::setting(
                format!("both `{name}` and `{file_name}` are set"),
                "Set one of them.".to_owned(),
            )),
            (Some(text), None) => Ok(Some(text.clone())),
            (None, Some(path)) => read_secret(Path::new(path.expose()), &file_name).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// The path in the variable with `_FILE` behind the setting's name.
    pub(crate) fn secret_file(&self, setting: &str) -> Option<PathBuf> {
        self.variable(&format!("{setting}_FILE")).map(|path| PathBuf::from(path.expose()))
    }

    fn find(&self, setting: &Setting) -> Result<Option<Found>> {
        let name = setting.variable();
        let text =
            if setting.may_be_in_a_file() { self.secret(&name)? } else { self.variable(&name).cloned() };
        if let Some(text) = text {
            return Ok(Some(Found { text, place: format!("`{name}`"), is_in_file: false }));
        }
        let Some((path, table)) = &self.file else { return Ok(None) };
        let Some(value) = table.get(setting.key) else { return Ok(None) };
        let place = format!("`{}` in `{}`", setting.key, path.display());
        let text = text_of(value).ok_or_else(|| {
            Error::setting(
                format!("{place}: expected a text, a number, a switch or a list of texts"),
                "docs/postroom.example.toml shows how each setting is written.",
            )
        })?;
        Ok((!text.is_empty()).then_some(Found { text: Secret::new(text), place, is_in_file: true }))
    }

    /// Refuses keys that nobody knows, and secrets in the file.
    pub(crate) fn check_names(&self, settings: &[&Setting]) -> Result<()> {
        if let Some((path, table)) = &self.file {
            for key in table.keys() {
                let place = || format!("`{key}` in `{}`", path.display());
                match settings.iter().find(|setting| setting.key == key) {
                    Some(setting) if setting.kind == Kind::Secret => {
                        return Err(belongs_into_environment(&place(), setting));
                    }
                    Some(_) => {}
                    None => {
                        let keys = settings.iter().filter(|s| s.kind != Kind::Secret);
                        let keys = keys.map(|setting| setting.key.to_owned());
                        return Err(unknown(&place(), key, keys));
                    }
                }
            }
        }
        let mut known: Vec<String> = Vec::new();
        for setting in settings {
            known.push(setting.variable());
            if setting.may_be_in_a_file() {
                known.push(format!("{}_FILE", setting.variable()));
            }
        }
        known.push("POSTROOM_ACCOUNT".to_owned());
        for (name, value) in &self.environment {
            if name.starts_with("POSTROOM_") && !known.contains(name) && !is_injected(name, value) {
                return Err(unknown(&format!("`{name}` in the environment"), name, known.into_iter()));
            }
        }
        Ok(())
    }
}

/// Whether Kubernetes made the variable up, for a service that is named `postroom`.
fn is_injected(name: &str, value: &Secret) -> bool {
    let is_port = name == "POSTROOM_PORT" || name.starts_with("POSTROOM_PORT_");
    name.starts_with("POSTROOM_SERVICE_")
        || (is_port && (value.expose().starts_with("tcp://") || name != "POSTROOM_PORT"))
}

fn unknown(place: &str, name: &str, known: impl Iterator<Item = String>) -> Error {
    let hint = match nearest(name, known) {
        Some(name) => format!("Did you mean `{name}`?"),
        None => "docs/postroom.example.toml lists every setting.".to_owned(),
    };
    Error::setting(format!("{place} is no setting"), hint)
}

fn belongs_into_environment(place: &str, setting: &Setting) -> Error {
    let name = setting.variable();
    Error::setting(
        format!("{place} is a secret, which this file must not hold"),
        format!(
            "Put it into the environment as `{name}`, or into a file of mode 0600 named by `{name}_FILE`."
        ),
    )
}

/// Whether a URL has a password in it.
fn holds_password(text: &str) -> bool {
    text.split_once("://")
        .and_then(|(_, rest)| rest.split('/').next())
        .and_then(|authority| authority.rsplit_once('@'))
        .is_some_and(|(user, _)| user.contains(':'))
        || text.contains("password=")
}

fn text_of(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(switch) => Some(switch.to_string()),
        toml::Value::Array(entries) => {
            let entries: Option<Vec<&str>> = entries.iter().map(toml::Value::as_str).collect();
            Some(entries?.join(","))
        }
        _ => None,
    }
}

/// Reads a file of bounded length.
pub(crate) fn read_file(path: &Path, what: &'static str) -> Result<Secret> {
    let failed = |source| Error::Path { what, path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).map_err(failed)?;
    Ok(Secret::new(text))
}

/// The secret in a file, without one trailing newline.
fn read_secret(path: &Path, variable: &str) -> Result<Secret> {
    let text = read_file(path, "the file of a secret")?;
    let bare = text.expose();
    let bare = bare.strip_suffix('\n').map_or(bare, |bare| bare.strip_suffix('\r').unwrap_or(bare));
    if bare.is_empty() {
        return Err(Error::setting(
            format!("the file that `{variable}` names is empty"),
            format!("Write the secret into `{}`.", path.display()),
        ));
    }
    Ok(Secret::new(bare))
}
