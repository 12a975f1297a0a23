//! Links that sign their holder in, reset a password or confirm an address.

use url::Url;

use super::{LINK, context::speaks_of_access, floor, head_of};
use crate::mime::links::Links;

/// Words of links that give access to whoever holds them.
const CUES: [&str; 67] = [
    "sign in",
    "sign-in",
    "signin",
    "log in",
    "log-in",
    "login",
    "reset",
    "verify",
    "verification",
    "magic link",
    "confirm your",
    "confirm my",
    "confirm email",
    "confirm account",
    "activate",
    "set password",
    "set your password",
    "create password",
    "change your password",
    "choose a password",
    "new password",
    "recover your",
    "unlock your",
    "authorize",
    "one-time link",
    "accept invitation",
    "accept invite",
    "invited you",
    "anmelden",
    "einloggen",
    "anmeldung",
    "zurücksetzen",
    "passwort",
    "bestätigen",
    "aktivieren",
    "verifizieren",
    "se connecter",
    "connexion",
    "réinitialiser",
    "mot de passe",
    "confirmer",
    "activer",
    "vérifier",
    "iniciar sesión",
    "restablecer",
    "contraseña",
    "verificar",
    "confirmar",
    "activar",
    "accedi",
    "reimposta",
    "conferma",
    "verifica",
    "attiva",
    "inloggen",
    "wachtwoord",
    "bevestig",
    "entrar",
    "redefinir",
    "senha",
    "войти",
    "сброс",
    "подтверд",
    "登录",
    "登入",
    "重置密码",
    "ログイン",
];
/// Path segments and parameters of such links.
const PATHS: [&str; 23] = [
    "magic",
    "signin",
    "sign-in",
    "sign_in",
    "login",
    "log-in",
    "reset",
    "verify",
    "verification",
    "confirm",
    "activate",
    "activation",
    "passwordless",
    "auth",
    "otp",
    "one-time",
    "recover",
    "set-password",
    "set_password",
    "invite",
    "join",
    "token",
    "validate",
];
/// Most links of a text that are looked at.
const MAX_URLS: usize = 5_000;
/// What such words are not about.
const NOT: [&str; 8] = [
    "unsubscribe",
    "abmelden",
    "désabonner",
    "manage preferences",
    "view in browser",
    "darse de baja",
    "abbestellen",
    "opt-out",
];

/// Masks the targets of numbered links whose text, line or path says that they sign in; their words stay.
pub(in crate::mime) fn mask_links(subject: &str, text: &str, links: &mut Links) -> (String, usize) {
    let subject = head_of(subject);
    let mut out = String::with_capacity(text.len());
    let mut masked = std::collections::HashSet::new();
    let mut looked_at = 0;
    for (position, line) in text.split('\n').enumerate() {
        if position > 0 {
            out.push('\n');
        }
        let context =
            if line.chars().count() <= 300 { format!("{subject} {line}") } else { subject.to_owned() };
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("][") {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            let number = after.get(..digits).and_then(|digits| digits.parse().ok()).unwrap_or(0);
            looked_at += 1;
            let hides = looked_at < MAX_URLS && mask_target(number, &context, links);
            if hides {
                masked.insert(number);
            }
            // A link that shows its own address shows the secret too.
            let open = before
                .rfind('[')
                .filter(|open| hides && before.get(*open..).is_some_and(|shown| shown.contains('/')));
            match open {
                Some(open) => {
                    out.push_str(before.get(..open).unwrap_or_default());
                    out.push_str(LINK.trim_end_matches(']'));
                }
                None => out.push_str(before),
            }
            out.push_str("][");
            rest = after;
        }
        out.push_str(rest);
    }
    (out, masked.len())
}

fn mask_target(number: usize, context: &str, links: &mut Links) -> bool {
    let Some(target) = links.target(number).and_then(|target| Url::parse(target).ok()) else { return false };
    let Some(link) = links.numbered_mut(number) else { return false };
    if link.url.ends_with(LINK) {
        return true;
    }
    if !is_sign_in(&link.text, context, &target) {
        return false;
    }
    link.url = format!("{} {LINK}", target.host_str().unwrap_or_default());
    if link.text.contains('/') {
        LINK.clone_into(&mut link.text);
    }
    true
}

/// Masks bare URLs in a text that sign in.
pub(super) fn mask_bare(subject: &str, text: &str) -> (String, usize) {
    if !text.contains("://") {
        return (text.to_owned(), 0);
    }
    let lines: Vec<&str> = text.split('\n').collect();
    let mut out = String::with_capacity(text.len());
    let (mut masked, mut looked_at) = (0, 0);
    for (position, line) in lines.iter().enumerate() {
        if position > 0 {
            out.push('\n');
        }
        if !line.contains("http") {
            out.push_str(line);
            continue;
        }
        let around =
            lines.get(position.saturating_sub(3)..(position + 2).min(lines.len())).unwrap_or_default();
        let heads =
            around.iter().map(|line| line.get(..floor(line, line.len().min(300))).unwrap_or_default());
        let context = [subject].into_iter().chain(heads).collect::<Vec<_>>().join(" ");
        let mut rest = *line;
        while let Some(at) = rest.find("http") {
            let (before, from) = rest.split_at(at);
            let end = from.find(|c: char| c.is_whitespace() || "<>\"".contains(c)).unwrap_or(from.len());
            let (url, after) = from.split_at(end);
            out.push_str(before);
            looked_at += 1;
            match Url::parse(url) {
                Ok(target)
                    if target.has_host() && looked_at < MAX_URLS && is_sign_in("", &context, &target) =>
                {
                    out.push_str(LINK);
                    masked += 1;
                }
                _ => out.push_str(url),
            }
            rest = after;
        }
        out.push_str(rest);
    }
    (out, masked)
}

/// Whether a link gives access: it carries a token, and its text, line or path says what for.
pub(super) fn is_sign_in(text: &str, context: &str, target: &Url) -> bool {
    if !carries_token(target) {
        return false;
    }
    let text = text.to_lowercase();
    if NOT.iter().any(|word| text.contains(word)) || target.path().contains("unsub") {
        return false;
    }
    let says = |words: &str| CUES.iter().any(|cue| words.contains(cue)) || speaks_of_access(words);
    if says(&text) {
        return true;
    }
    let path = format!("{}?{}", target.path(), target.query().unwrap_or_default()).to_lowercase();
    let names = path.split(['/', '?', '&', '=', '.', '#']).any(|segment| {
        PATHS.iter().any(|word| {
            segment == *word
                || segment.starts_with(&format!("{word}_"))
                || segment.starts_with(&format!("{word}-"))
        })
    });
    let context = context.to_lowercase();
    (names
        || text.is_empty()
        || text.contains("here")
        || text.contains("://")
        || text.contains('/')
        || text.split_whitespace().count() <= 3)
        && says(&context)
        && !NOT.iter().any(|word| context.contains(word))
        || (names && (path.contains("token") || is_plain_entry(&path)))
}

/// Whether a path says all by itself that its holder is let in.
fn is_plain_entry(path: &str) -> bool {
    [
        "reset",
        "magic",
        "passwordless",
        "confirm",
        "verify",
        "activat",
        "set-password",
        "set_password",
        "recover",
    ]
    .iter()
    .any(|word| path.split(['/', '?', '&', '=', '.', '#']).any(|segment| segment.starts_with(word)))
}

/// Whether a path segment or parameter looks like a secret: long and mixed.
fn carries_token(target: &Url) -> bool {
    let query = target.query().unwrap_or_default();
    let fragment = target.fragment().unwrap_or_default();
    let values = query
        .split('&')
        .chain(fragment.split('&'))
        .map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
    target.path().split('/').chain(values).any(is_token)
}

fn is_token(word: &str) -> bool {
    let word = word.trim_end_matches(".html");
    if word.len() < 10 {
        return word.len() >= 6 && word.bytes().all(|byte| byte.is_ascii_digit());
    }
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let lower = word.bytes().filter(u8::is_ascii_lowercase).count();
    let upper = word.bytes().filter(u8::is_ascii_uppercase).count();
    let hyphens = word.bytes().filter(|byte| *byte == b'-').count();
    // Words joined by hyphens are a title; a UUID has digits in its groups.
    let is_title = hyphens >= 2 && digits * 4 < word.len();
    !is_title
        && (digits >= 2 && lower + upper >= 3 || upper >= 3 && lower >= 3 && word.len() >= 16 || digits >= 12)
}
