//! `cargo xtask docs`: pages that are made from code, so that they cannot disagree with it.

use std::{fmt::Write as _, fs};

use domain::{Code, Scope};

use crate::{Failure, place};

/// A generated page.
pub(crate) struct Page {
    /// From the workspace's root.
    pub(crate) path: &'static str,
    /// The whole text.
    pub(crate) text: String,
}

const NOTE: &str = "<!-- made by `cargo xtask docs`; edit the source it names, not this page -->\n";

/// All generated pages as the code makes them now.
pub(crate) fn pages() -> Vec<Page> {
    vec![Page { path: "docs/errors.md", text: errors() }, Page { path: "docs/scopes.md", text: scopes() }]
}

/// Writes all pages.
pub(crate) fn run() -> Result<(), Failure> {
    for page in pages() {
        let path = place::root().join(page.path);
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        fs::write(path, page.text)?;
        println!("wrote {}", page.path);
    }
    Ok(())
}

fn errors() -> String {
    let mut text = format!(
        "{NOTE}# Errors\n\nA tool that fails answers `isError: true`. The text is `message [code]` and a line that \
         says what to do next; `_meta` carries the code. The codes are stable \
         (source: `crates/domain/src/problem.rs`).\n\n| code | means |\n|---|---|\n"
    );
    for code in Code::ALL {
        let _ = writeln!(text, "| `{code}` | {} |", code.meaning());
    }
    text
}

fn scopes() -> String {
    let mut text = format!(
        "{NOTE}# Scopes\n\nWhat an agent may be allowed to do. Every call reads the live grant; a token never has \
         more than its grant (source: `crates/domain/src/scope.rs`).\n\n| scope | lets an agent |\n|---|---|\n"
    );
    for scope in Scope::ALL {
        let _ = writeln!(text, "| `{scope}` | {} |", scope.lets_an_agent());
    }
    text
}
