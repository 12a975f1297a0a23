//! Files of variables, `NAME=value` a line, as `--env-file` names them. Nothing is expanded.

use std::path::Path;

use domain::Secret;

use super::given::{Environment, read_file};
use crate::error::{Error, Result};

/// Adds the variables of the file at `path` to those that are not set yet: the environment wins.
pub(crate) fn read(path: &Path, environment: &mut Environment) -> Result<()> {
    let text = read_file(path, "the file of variables")?;
    for (number, line) in text.expose().lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = parse(line).ok_or_else(|| {
            Error::setting(
                format!("line {} of `{}` is no variable", number + 1, path.display()),
                "Each line is `NAME=value`, `NAME='value'`, empty, or begins with `#`.",
            )
        })?;
        environment.entry(name.to_owned()).or_insert_with(|| Secret::new(value));
    }
    Ok(())
}

fn parse(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
    let name = name.trim();
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return rest.strip_suffix(quote).map(|value| (name, value)).filter(|_| is_name);
        }
    }
    // as shells do, a comment needs a space before it
    let value = value.split_once(" #").map_or(value, |(value, _)| value.trim_end());
    is_name.then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_comments_and_export_are_understood() {
        for (line, read) in [
            ("A=b", Some(("A", "b"))),
            ("export A = 'b #c'", Some(("A", "b #c"))),
            ("A=\"x=y\"", Some(("A", "x=y"))),
            ("A=b # c", Some(("A", "b"))),
            ("A=p#w", Some(("A", "p#w"))),
            ("A=", Some(("A", ""))),
            ("A", None),
            ("=b", None),
            ("A B=c", None),
            ("A='b", None),
        ] {
            assert_eq!(parse(line), read, "{line}");
        }
    }
}
