//! Where this platform keeps a person's settings and data.

use std::path::PathBuf;

use super::given::Given;

/// The directory for what the program keeps.
pub(crate) fn data_directory(given: &Given) -> Option<PathBuf> {
    let home = || path(given, "HOME");
    let found = if cfg!(windows) {
        path(given, "LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        home().map(|home| home.join("Library").join("Application Support"))
    } else {
        path(given, "XDG_DATA_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| home().map(|home| home.join(".local").join("share")))
    };
    found.map(|place| place.join("postroom"))
}

/// The file of settings that is used when none is named and there is none in the current directory.
pub(crate) fn settings_file(given: &Given) -> Option<PathBuf> {
    let home = || path(given, "HOME");
    let found = if cfg!(windows) {
        path(given, "APPDATA")
    } else if cfg!(target_os = "macos") {
        home().map(|home| home.join("Library").join("Application Support"))
    } else {
        path(given, "XDG_CONFIG_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| home().map(|home| home.join(".config")))
    };
    found.map(|place| place.join("postroom").join("postroom.toml"))
}

fn path(given: &Given, variable: &str) -> Option<PathBuf> {
    given.variable(variable).map(|path| PathBuf::from(path.expose()))
}
