//! Words that must not occur in a room: `mail` names no user, grant or SQL, `domain` does no I/O, and only
//! `net` opens connections. Comments and tests are free.

use crate::sources::Source;

/// Room, words, and why.
const ABSENT: &[(&str, &[&str], &str)] = &[
    (
        "crates/mail/src/",
        &["UserId", "GrantId", "Grant", "Grants", "Principal", "Scope", "Scopes", "sqlx", "axum", "rmcp"],
        "mail can be used by somebody else as a library: no users, no grants, no SQL",
    ),
    (
        "crates/domain/src/",
        &["async", "tokio", "TcpStream", "File", "println"],
        "domain is plain values: no async, no I/O",
    ),
    (
        "crates/engine/src/",
        &["TcpStream", "rustls", "axum", "rmcp"],
        "connections are net's, doors are above",
    ),
    ("crates/mcp/src/", &["sqlx", "TcpStream"], "a door sees access and engine only"),
    ("crates/access/src/", &["TcpStream", "rmcp"], "connections are net's"),
];

pub(super) fn check(files: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| !file.is_test()) {
        for (room, words, why) in ABSENT.iter().filter(|(room, ..)| file.path.starts_with(room)) {
            let code = file.text.split("#[cfg(test)]").next().unwrap_or_default();
            for (number, line) in code.lines().enumerate() {
                let line = line.split("//").next().unwrap_or_default();
                for word in words.iter().filter(|word| has_word(line, word)) {
                    let room = room.trim_start_matches("crates/").trim_end_matches("/src/");
                    findings.push(format!("{}:{}: `{word}` in `{room}`: {why}", file.path, number + 1));
                }
            }
        }
    }
    findings
}

/// Whether `word` stands in `line` as an identifier of its own and outside of string literals.
fn has_word(line: &str, word: &str) -> bool {
    line.split('"').step_by(2).any(|code| {
        code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|identifier| identifier == word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_counts_only_as_an_identifier_in_code() {
        assert!(has_word("use domain::{Grant, Flag};", "Grant"));
        assert!(!has_word("fn granted(GrantedAccounts: u8)", "Grant"));
        assert!(!has_word("let text = \"Grant\";", "Grant"));
    }

    #[test]
    fn comments_and_tests_are_free() {
        let text = "// a Grant\nfn a() {}\n#[cfg(test)]\nmod tests { use domain::Grant; }\n";
        let file = Source { path: "crates/mail/src/a.rs".into(), text: text.into() };
        assert_eq!(check(&[file]), Vec::<String>::new());
        let file = Source { path: "crates/mail/src/a.rs".into(), text: "use domain::Grant;\n".into() };
        assert_eq!(check(&[file]).len(), 1);
    }
}
