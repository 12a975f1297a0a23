//! Settings: from the settings' file and the environment, checked, in one struct a section.
//!
//! To add one: a field with a doc comment in its section's file. Works with neither file nor environment.
//! The only place that reads the process's environment.

mod account;
mod agents;
mod env_file;
mod example;
mod given;
mod keeping;
mod nearest;
mod network;
mod operations;
mod places;
mod setting;
mod signing_in;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use domain::Secret;

#[cfg(test)]
pub(crate) use self::setting::Value;
pub(crate) use self::{
    account::{EnvironmentAccount, complete},
    agents::Agents,
    keeping::Keeping,
    network::{Network, Networks, PublicUrl},
    operations::{LogFormat, Operations},
    setting::Seconds,
    signing_in::{SigningIn, Signup},
};
use self::{
    given::{Environment, Given},
    setting::{Kind, Section, Setting},
};
use crate::error::{Error, Result};

/// Every section, in the order of the example file.
const SECTIONS: &[Section] =
    &[Network::SECTION, Keeping::SECTION, Agents::SECTION, SigningIn::SECTION, Operations::SECTION];

/// The name of the settings' file.
const FILE_NAME: &str = "postroom.toml";

/// Where to look for settings, from the command line.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Places {
    /// Read settings from this file
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) config: Option<PathBuf>,
    /// Read variables from this file; those of the environment win
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) env_file: Option<PathBuf>,
}

/// All settings.
#[derive(Debug)]
pub(crate) struct Config {
    /// Where it listens and connects to.
    pub(crate) network: Network,
    /// Where it keeps things.
    pub(crate) keeping: Keeping,
    /// What agents may do.
    pub(crate) agents: Agents,
    /// How people and agents get in.
    pub(crate) signing_in: SigningIn,
    /// Logs and metrics.
    pub(crate) operations: Operations,
    /// What the person should know: settings without effect, secrets that others can read.
    pub(crate) warnings: Vec<String>,
    /// The file that settings were read from.
    pub(crate) file: Option<PathBuf>,
    given: Given,
}

impl Config {
    /// Reads and checks all settings.
    pub(crate) fn load(places: &Places) -> Result<Self> {
        let mut given = Given { file: None, environment: environment() };
        if let Some(path) = &places.env_file {
            env_file::read(path, &mut given.environment)?;
        }
        given.file = read_settings(places, &given)?;
        let mut config = Self::read(given)?;
        config.warnings.extend(places.env_file.as_deref().and_then(exposed));
        Ok(config)
    }

    fn read(given: Given) -> Result<Self> {
        let settings: Vec<&Setting> = SECTIONS.iter().flat_map(|section| section.settings).collect();
        given.check_names(&settings)?;
        let network = Network::read(&given)?;
        network.check()?;
        let mut warnings: Vec<String> = settings
            .iter()
            .filter(|setting| setting.kind == Kind::Later)
            .filter(|setting| given.is_changed(setting))
            .map(|setting| format!("{setting} has no effect yet"))
            .collect();
        let secrets = settings.iter().filter(|setting| setting.may_be_in_a_file()).map(|s| s.variable());
        let files = secrets.chain(["IMAP_PASSWORD".to_owned(), "SMTP_PASSWORD".to_owned()]);
        warnings.extend(files.filter_map(|name| exposed(&given.secret_file(&name)?)));
        let signing_in = SigningIn::read(&given)?;
        signing_in.check()?;
        let doors = signing_in.doors.missing();
        warnings.extend(doors.map(|door| format!("the door `{door}` does not exist yet")));
        Ok(Self {
            network,
            keeping: Keeping::read(&given)?,
            agents: Agents::read(&given)?,
            signing_in,
            operations: Operations::read(&given)?,
            warnings,
            file: given.file.as_ref().map(|(path, _)| path.clone()),
            given,
        })
    }

    /// The directory of database and key.
    pub(crate) fn data_directory(&self) -> Result<PathBuf> {
        let directory = self.keeping.data_dir.clone().or_else(|| places::data_directory(&self.given));
        directory.ok_or_else(|| {
            Error::setting("this machine has no place for data", "Name a directory with POSTROOM_DATA_DIR.")
        })
    }

    /// The file that the master key was put into, if one was named.
    pub(crate) fn master_key_file(&self) -> Option<PathBuf> {
        self.given.secret_file("POSTROOM_MASTER_KEY")
    }

    /// The account of the environment, if there is one.
    pub(crate) fn environment_account(&self) -> Result<Option<EnvironmentAccount>> {
        EnvironmentAccount::read(&self.given)
    }
}

/// The commented example of a settings' file.
pub(crate) fn example() -> String {
    example::text()
}

/// Whether the person asked for no colours (no-color.org).
pub(crate) fn is_color_unwanted() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

fn environment() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, Secret::new(value.into_string().ok()?))))
        .collect()
}

fn read_settings(places: &Places, given: &Given) -> Result<Option<(PathBuf, toml::Table)>> {
    let path = if let Some(path) = &places.config {
        path.clone()
    } else {
        let usual = [Some(PathBuf::from(FILE_NAME)), places::settings_file(given)];
        let Some(path) = usual.into_iter().flatten().find(|path| path.is_file()) else { return Ok(None) };
        path
    };
    let text = given::read_file(&path, "the settings' file")?;
    let table = text.expose().parse::<toml::Table>().map_err(|error| {
        // the error's own text shows the line, which may hold a secret that somebody misplaced
        let line = error
            .span()
            .map_or(1, |span| text.expose().get(..span.start).unwrap_or_default().lines().count().max(1));
        Error::setting(
            format!("`{}` is not TOML: line {line}: {}", path.display(), error.message()),
            "Each line is `key = \"text\"`, `key = 1`, `key = [\"a\", \"b\"]`, or begins with `#`.",
        )
    })?;
    Ok(Some((path, table)))
}

/// A warning if others than its owner can read a file that holds a secret.
fn exposed(path: &Path) -> Option<String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Some(format!(
                "`{}` holds a secret and can be read by others (mode {mode:04o}); run `chmod 600` on it",
                path.display()
            ));
        }
    }
    None
}
