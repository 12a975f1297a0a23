//! The commented example of a settings' file, made from the declarations of the settings.

use std::fmt::Write as _;

use super::{
    SECTIONS,
    account::VARIABLES,
    setting::{Kind, Setting},
};

const HEAD: &str = "\
# postroom.toml: every setting with its default, or an example where there is none.
#
# Made from the program's source; copy it and take away the `#` before what you want to change.
# It is looked for as `--config PATH`, then `./postroom.toml`, then in the platform's configuration directory.
# Each setting is also a variable of the environment, which wins: `listen` is POSTROOM_LISTEN.
# Secrets are variables only, or files that a variable with `_FILE` behind its name points to.
";

/// The whole file.
pub(crate) fn text() -> String {
    let mut text = HEAD.to_owned();
    for section in SECTIONS {
        let _ = write!(text, "\n# ---- {} ----\n", section.title);
        for setting in section.settings {
            text.push('\n');
            for line in setting.about {
                let _ = writeln!(text, "# {}", line.trim());
            }
            if setting.kind == Kind::Later {
                text.push_str("# It has no effect yet.\n");
            }
            if setting.kind == Kind::Secret {
                let variable = setting.variable();
                let _ = writeln!(text, "# A secret: set {variable} or {variable}_FILE.");
            } else {
                let _ = writeln!(text, "#{} = {}", setting.key, value(setting));
            }
        }
    }
    text.push_str("\n# ---- The account of the environment (`postroom stdio` without `--user`) ----\n");
    text.push_str("#\n# Variables only:\n");
    for (name, default, about) in VARIABLES {
        let default = if default.is_empty() { String::new() } else { format!(" ({default})") };
        let _ = writeln!(text, "#   {name}{default}: {about}");
    }
    text
}

fn value(setting: &Setting) -> String {
    let shown = if setting.default.is_empty() { setting.example } else { setting.default };
    if setting.is_list {
        let entries: Vec<String> = shown.split(',').map(|entry| format!("\"{}\"", entry.trim())).collect();
        format!("[{}]", entries.join(", "))
    } else if shown.parse::<u64>().is_ok() {
        shown.to_owned()
    } else {
        format!("\"{shown}\"")
    }
}
