//! The URIs of resources: taken apart strictly, put together in one way. Asks nobody whether what a URI
//! names is there.

use domain::{AccountName, MessageRef};

use crate::percent;

/// Characters of a URI at the most.
const LONGEST: usize = 4_096;

/// What a URI names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// `mail://accounts`
    Accounts,
    /// `mail://{account}/folders`
    Folders(AccountName),
    /// `mail://{account}/folder/{folder}`, the folder as agents write it.
    Folder(AccountName, String),
    /// `mail://{account}/message/{folder}/{uid}@{uidvalidity}`
    Message(MessageRef),
    /// `mail://{account}/search/{query}`
    Search(AccountName, String),
}

/// Reads a URI. Only `/` splits parts: a `%2F` belongs to the name that it stands in. The error says what
/// is wrong, without repeating any of it.
pub(super) fn parse(uri: &str) -> Result<Target, &'static str> {
    if uri.len() > LONGEST {
        return Err("a resource URI has at most 4,096 characters");
    }
    let rest = uri.strip_prefix("mail://").ok_or("the URIs of resources begin with `mail://`")?;
    let parts = rest.split('/').map(decode).collect::<Result<Vec<String>, _>>()?;
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let account = |name: &str| name.parse::<AccountName>().map_err(|_| "there is no account of that name");
    match parts.as_slice() {
        ["accounts"] => Ok(Target::Accounts),
        [name, "folders"] => Ok(Target::Folders(account(name)?)),
        [name, "folder", folder] => Ok(Target::Folder(account(name)?, (*folder).to_owned())),
        [name, "message", folder, number] => {
            let id = format!("{}/{folder}:{number}", account(name)?);
            let id = id.parse().map_err(|_| "a message ends in `UID@VALIDITY`, as in its id")?;
            Ok(Target::Message(id))
        }
        [name, "search", query] => Ok(Target::Search(account(name)?, (*query).to_owned())),
        _ => Err("no resource has a URI of this form; `resources/templates/list` tells the forms"),
    }
}

/// Undoes the percent-encoding of one part, once.
fn decode(part: &str) -> Result<String, &'static str> {
    let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match (*first, tail) {
            (b'%', [high, low, after @ ..]) => {
                let (Some(high), Some(low)) = (hex(*high), hex(*low)) else { return Err(BROKEN) };
                bytes.push(high << 4 | low);
                rest = after;
            }
            (b'%', _) => return Err(BROKEN),
            (byte, _) if is_plain(byte) || b"!$&'()*+,;=:".contains(&byte) => bytes.push(byte),
            _ => return Err("a part of the URI holds what must be percent-encoded"),
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| "a part of the URI is not UTF-8")?;
    if text.is_empty() {
        return Err("a part of the URI is empty");
    }
    if text.chars().any(char::is_control) {
        return Err("a part of the URI holds control characters");
    }
    Ok(text)
}

const BROKEN: &str = "a `%` in a URI is followed by two hex digits";

/// What stands for itself in a part: the unreserved characters, and `@`, which roles begin with.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte)
}

/// A name as one part of a URI.
pub(super) fn encode(name: &str) -> String {
    percent::encoded(name, is_plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn home() -> AccountName {
        "home".parse().unwrap()
    }

    #[test]
    fn each_form_is_read() {
        assert_eq!(parse("mail://accounts"), Ok(Target::Accounts));
        assert_eq!(parse("mail://home/folders"), Ok(Target::Folders(home())));
        assert_eq!(parse("mail://home/folder/@inbox"), Ok(Target::Folder(home(), "@inbox".into())));
        assert_eq!(parse("mail://home/folder/Q%2F1%20%C3%A4"), Ok(Target::Folder(home(), "Q/1 ä".into())));
        assert_eq!(
            parse("mail://home/message/Projects%2FMars:2/4711@k2x9"),
            Ok(Target::Message("home/Projects/Mars:2:4711@k2x9".parse().unwrap()))
        );
        assert_eq!(
            parse("mail://home/search/from:ann%20invoice"),
            Ok(Target::Search(home(), "from:ann invoice".into()))
        );
    }

    #[test]
    fn parts_are_decoded_once() {
        assert_eq!(parse("mail://home/folder/%252e%252e"), Ok(Target::Folder(home(), "%2e%2e".into())));
        assert_eq!(parse("mail://home/folder/a%252Fb"), Ok(Target::Folder(home(), "a%2Fb".into())));
    }

    #[test]
    fn what_is_no_uri_of_ours_is_refused() {
        let long = format!("mail://home/search/{}", "a".repeat(LONGEST));
        for bad in [
            "",
            "mail:accounts",
            "file:///etc/passwd",
            "MAIL://accounts",
            "mail://",
            "mail://accounts/",
            "mail://accounts?x",
            "mail://home",
            "mail://home/",
            "mail://home/folder",
            "mail://home/folder/",
            "mail://home/folder/a/b",
            "mail://home/folder/a b",
            "mail://home/folder/ä",
            "mail://home/folder/a%",
            "mail://home/folder/a%2",
            "mail://home/folder/a%zz",
            "mail://home/folder/a%00b",
            "mail://home/folder/a%0Ab",
            "mail://home/folder/a%C3",
            "mail://home/folder/a#b",
            "mail://home/../folders",
            "mail://../home/folders",
            "mail://all/folders",
            "mail://Work/folders",
            "mail://a%40b/folders",
            "mail://home@evil/folders",
            "mail://home/message/@inbox/1",
            "mail://home/message/@inbox/0@1",
            "mail://home/message/@inbox/+1@1",
            "mail://home/message/all/1@1",
            "mail://home/messages/@inbox/1@1",
            &long,
        ] {
            let told = parse(bad).expect_err(bad);
            assert!(!told.is_empty() && !told.contains('%') || told == BROKEN, "{bad}: {told}");
        }
    }

    proptest! {
        #[test]
        fn every_name_comes_back(name in "\\PC{1,40}") {
            let uri = format!("mail://home/folder/{}", encode(&name));
            prop_assert_eq!(parse(&uri), Ok(Target::Folder(home(), name)));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "(mail://)?\\PC{0,60}") {
            let _ = parse(&text);
        }
    }
}
