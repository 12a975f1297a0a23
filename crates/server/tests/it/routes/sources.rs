//! Which routes there are, read from the sources of the rooms that mount any: a list that somebody keeps by hand
//! would miss the one that was forgotten.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Rooms with routes.
const ROOMS: [&str; 4] = ["mcp", "oauth", "web", "server"];

const METHODS: [&str; 5] = ["get", "post", "put", "delete", "patch"];

/// Every `(method, path)` of the binary; a service that takes any method has `any`.
///
/// # Panics
/// When a route is written so that its path cannot be read.
pub(crate) fn routes() -> BTreeSet<(String, String)> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    for room in ROOMS {
        collect(&crates.join(room).join("src"), &mut files);
    }
    files.iter().flat_map(|file| routes_of(file)).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            collect(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") && name != "tests.rs" {
            files.push(path);
        }
    }
}

fn routes_of(file: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(file).unwrap();
    // unit tests stand at the end
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut routes = Vec::new();
    for mount in [".route(", ".route_service(", ".nest(", ".nest_service("] {
        for (at, _) in text.match_indices(mount) {
            let inside = between_parentheses(&text[at + mount.len()..]);
            let (path, handlers) = inside.split_once(',').unwrap();
            let Some(path) = literal(path.trim(), text) else {
                panic!("{}: the path of a route must be a literal: {inside}", file.display())
            };
            assert!(!mount.starts_with(".nest"), "{}: mount `{path}` as routes", file.display());
            let methods = methods_of(file, text, handlers);
            routes.extend(methods.into_iter().map(|method| (method, path.to_owned())));
        }
    }
    routes
}

/// A text in quotes, or the one that a constant of the same file stands for.
fn literal<'a>(word: &'a str, text: &'a str) -> Option<&'a str> {
    let constant = || text.split(&format!("const {word}: &str = ")).nth(1)?.split(';').next();
    let quoted = if word.starts_with('"') { word } else { constant()? };
    quoted.strip_prefix('"')?.strip_suffix('"')
}

/// The methods in `get(show).post(save)`, or those of the `let` that the word stands for.
fn methods_of(file: &Path, text: &str, handlers: &str) -> Vec<String> {
    let named: Vec<String> =
        METHODS.iter().filter(|m| has_call(handlers, m)).map(|m| (*m).to_owned()).collect();
    if !named.is_empty() {
        return named;
    }
    let word = handlers.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let defined = text.split(&format!("let {word} = ")).nth(1).and_then(|rest| rest.split(';').next());
    let methods = METHODS.iter().filter(|m| defined.is_some_and(|defined| has_call(defined, m)));
    let methods: Vec<String> = methods.map(|m| (*m).to_owned()).collect();
    let is_service = text.contains(".route_service(");
    assert!(!methods.is_empty() || is_service, "{}: which methods has `{handlers}`?", file.display());
    if methods.is_empty() { vec!["any".to_owned()] } else { methods }
}

/// Whether `name(` is called, as a word of its own.
fn has_call(text: &str, name: &str) -> bool {
    text.match_indices(&format!("{name}(")).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && c != '_')
    })
}

fn between_parentheses(text: &str) -> &str {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[..at];
        }
    }
    text
}
