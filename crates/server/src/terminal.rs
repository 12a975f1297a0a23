//! Talking to the person: results on stdout, everything else on stderr, secrets from prompt or stdin.
//!
//! Colours only where a terminal shows them and NO_COLOR is not set. A reader that went away is no fault.

use std::{
    fmt::Display,
    io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _},
};

use domain::Secret;
use serde_json::Value;

use crate::{
    config::is_color_unwanted,
    error::{Error, Result},
};

/// More is not a password.
const LONGEST_INPUT: u64 = 64 * 1024;

/// Octets of a line that is typed.
const LONGEST_LINE: u64 = 1_000;

/// Prints a line of the result.
pub(crate) fn print(line: impl Display) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}

/// Prints the result for a script.
pub(crate) fn print_json(value: &Value) {
    print(format_args!("{value:#}"));
}

/// Prints rows in columns; the first row is the heading. Nothing at all if there is only the heading.
pub(crate) fn print_table(rows: &[Vec<String>]) {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width(column).saturating_sub(cell.chars().count()) + 2));
        }
        print(line.trim_end());
    }
}

/// Says something to the person beside the result.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Says why a command failed: the message, what lies behind it, what to do.
pub(crate) fn say_error(error: &Error) {
    say(format_args!("{} {error}", paint("error:", "1;31")));
    for cause in error.causes() {
        say(format_args!("  because: {cause}"));
    }
    let hint = error.hint();
    if !hint.is_empty() {
        say(format_args!("{} {hint}", paint("hint:", "1;36")));
    }
}

/// `text` in a colour (an SGR parameter) if stderr shows colours.
fn paint(text: &str, color: &str) -> String {
    if io::stderr().is_terminal() && !is_color_unwanted() {
        format!("\u{1b}[{color}m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}

/// A text that came from elsewhere, safe to show on a terminal.
pub(crate) fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(200).collect()
}

/// A password: all of stdin without one trailing newline, or asked for at the terminal.
pub(crate) fn read_password(is_on_stdin: bool, prompt: &str) -> Result<Secret> {
    if is_on_stdin { read_stdin() } else { ask(prompt) }
}

/// A new password: asked for twice at the terminal.
pub(crate) fn read_new_password(is_on_stdin: bool, whose: &str) -> Result<Secret> {
    if is_on_stdin {
        return read_stdin();
    }
    let first = ask(&format!("New password of {whose}: "))?;
    if first == ask("Once more: ")? {
        Ok(first)
    } else {
        Err(Error::Broken("the two passwords differ; nothing was changed".to_owned()))
    }
}

/// What is given on stdin, without one trailing newline.
pub(crate) fn read_stdin() -> Result<Secret> {
    let mut text = String::new();
    io::stdin()
        .lock()
        .take(LONGEST_INPUT + 1)
        .read_to_string(&mut text)
        .map_err(|source| Error::Io { what: "the password on stdin cannot be read", source })?;
    // the secret owns the only copy from here on
    let text = Secret::new(text);
    let bare = text.expose();
    if bare.len() as u64 > LONGEST_INPUT {
        return Err(Error::usage("what stdin holds is too long for a password", ""));
    }
    let bare = bare.strip_suffix('\n').map_or(bare, |bare| bare.strip_suffix('\r').unwrap_or(bare));
    if bare.is_empty() {
        return Err(Error::usage(
            "there is no password on stdin",
            "Pipe it in, for example with `pass show mail |`.",
        ));
    }
    Ok(Secret::new(bare))
}

/// What the person types at the terminal, without white space around it. `instead` is the option that needs none.
pub(crate) fn ask_at_terminal(question: &str, instead: &str) -> Result<String> {
    if !io::stdin().is_terminal() {
        return Err(Error::usage(
            "there is no terminal to ask at",
            format!("Add `{instead}` if you are sure."),
        ));
    }
    let mut err = io::stderr().lock();
    let _ = write!(err, "{question}").and_then(|()| err.flush());
    drop(err);
    let mut line = String::new();
    io::stdin()
        .lock()
        .take(LONGEST_LINE)
        .read_line(&mut line)
        .map_err(|source| Error::Io { what: "the terminal cannot be read", source })?;
    Ok(line.trim().to_owned())
}

fn ask(prompt: &str) -> Result<Secret> {
    match rpassword::prompt_password(prompt) {
        Ok(text) if text.is_empty() => {
            Err(Error::Broken("no password was given; nothing was changed".to_owned()))
        }
        Ok(text) => Ok(Secret::new(text)),
        Err(_) => Err(Error::usage(
            "there is no terminal to ask for the password at",
            "Pipe it in and add `--password-stdin`.",
        )),
    }
}
