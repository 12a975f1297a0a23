//! Senders whose name or domain looks like somebody else's.

use std::sync::LazyLock;

use domain::Address;

use crate::mime::links::{clip, looks_like_host, registrable, same_site};

/// Domains that impostors imitate most.
const FAMOUS: [&str; 62] = [
    "paypal.com",
    "google.com",
    "gmail.com",
    "microsoft.com",
    "outlook.com",
    "office.com",
    "apple.com",
    "icloud.com",
    "amazon.com",
    "amazon.de",
    "amazon.co.uk",
    "facebook.com",
    "facebookmail.com",
    "instagram.com",
    "whatsapp.com",
    "netflix.com",
    "linkedin.com",
    "github.com",
    "gitlab.com",
    "dropbox.com",
    "docusign.com",
    "docusign.net",
    "adobe.com",
    "dhl.com",
    "dhl.de",
    "fedex.com",
    "ups.com",
    "usps.com",
    "ebay.com",
    "ebay.de",
    "yahoo.com",
    "twitter.com",
    "spotify.com",
    "stripe.com",
    "coinbase.com",
    "binance.com",
    "chase.com",
    "wellsfargo.com",
    "bankofamerica.com",
    "citibank.com",
    "americanexpress.com",
    "hsbc.com",
    "barclays.co.uk",
    "santander.com",
    "sparkasse.de",
    "deutsche-bank.de",
    "commerzbank.de",
    "ing.com",
    "postbank.de",
    "revolut.com",
    "wise.com",
    "telekom.de",
    "vodafone.de",
    "t-online.de",
    "web.de",
    "gmx.de",
    "gmx.net",
    "proton.me",
    "protonmail.com",
    "airbnb.com",
    "booking.com",
    "slack.com",
];

/// Names among them that mean nothing else: beside other words they are still those names.
const BRANDS: [&str; 26] = [
    "paypal",
    "microsoft",
    "facebook",
    "instagram",
    "whatsapp",
    "netflix",
    "linkedin",
    "dropbox",
    "docusign",
    "coinbase",
    "binance",
    "wellsfargo",
    "bankofamerica",
    "americanexpress",
    "barclays",
    "santander",
    "sparkasse",
    "commerzbank",
    "postbank",
    "revolut",
    "vodafone",
    "airbnb",
    "spotify",
    "icloud",
    "amazon",
    "google",
];

/// A domain that others imitate, and how it looks once confusable letters are made alike.
struct Known {
    name: String,
    folded: String,
}

impl Known {
    fn new(domain: &str) -> Self {
        let name = registrable(&domain.to_lowercase()).to_owned();
        Self { folded: fold(&name), name }
    }
}

/// Folded once: every message is held against all of them.
static FAMOUS_FOLDED: LazyLock<Vec<Known>> =
    LazyLock::new(|| FAMOUS.iter().map(|famous| Known::new(famous)).collect());

/// Why an address looks like somebody else's; nothing if it does not.
pub(super) fn find(address: &Address, own_domains: &[String]) -> Option<String> {
    in_domain(&address.domain(), own_domains).or_else(|| in_name(address, own_domains))
}

fn in_domain(domain: &str, own_domains: &[String]) -> Option<String> {
    if domain.is_empty() {
        return None;
    }
    let shown = decode_punycode_host(domain).unwrap_or_else(|| domain.to_owned());
    let is_own = |other: &str| same_site(other, domain);
    if own_domains.iter().any(|own| is_own(own)) || FAMOUS.iter().any(|famous| is_own(famous)) {
        return None;
    }
    let registered = registrable(&shown).to_lowercase();
    let folded = fold(&registered);
    let own: Vec<Known> = own_domains.iter().map(|own| Known::new(own)).collect();
    for (Known { name: known, folded: known_folded }, is_own) in
        own.iter().map(|known| (known, true)).chain(FAMOUS_FOLDED.iter().map(|known| (known, false)))
    {
        let owner = if is_own { "your own domain" } else { "a well-known domain" };
        if folded == *known_folded {
            return Some(format!("{} imitates {owner}, {known}", named(&registered, domain)));
        }
        if is_near(&folded, known_folded, if is_own { 5 } else { 6 }) {
            return Some(format!("{} is one slip away from {owner}, {known}", named(&registered, domain)));
        }
        // `paypal.com.account-check.example`, `paypal-secure.example`
        let holds_it = shown.to_lowercase().strip_suffix(&registered).is_some_and(|front| {
            let front = front.trim_end_matches('.');
            let joined = known.replace('.', "-");
            front == known.as_str()
                || front.ends_with(&format!(".{known}"))
                || front.starts_with(&format!("{known}."))
                || front.split('.').any(|label| label == joined || label.starts_with(&format!("{joined}-")))
        });
        if holds_it {
            return Some(format!("{shown} carries the name of {known} but belongs to {registered}"));
        }
    }
    if let Some(brand) = carried_brand(&registered) {
        return Some(format!(
            "{} carries the name of {brand} beside other words",
            named(&registered, domain)
        ));
    }
    if has_mixed_scripts(&shown) {
        return Some(format!("{} mixes letters of different scripts", named(&shown, domain)));
    }
    None
}

/// A brand among the words of a domain that hyphens join (`paypal-login.example`, `micros0ft-help.example`),
/// or written with look-alike letters under another ending (`paypa1.net`).
fn carried_brand(registered: &str) -> Option<&'static str> {
    let (label, _) = registered.split_once('.')?;
    let brand_of = |word: &str| {
        let folded = fold(word);
        BRANDS.into_iter().find(|brand| fold(brand) == folded)
    };
    if !label.contains('-') {
        return brand_of(label).filter(|brand| *brand != label);
    }
    let whole = label.replace('-', "");
    label.split('-').chain([whole.as_str()]).find_map(brand_of)
}

fn named(shown: &str, domain: &str) -> String {
    if shown.is_ascii() || domain.ends_with(shown) { shown.to_owned() } else { format!("{shown} ({domain})") }
}

fn in_name(address: &Address, own_domains: &[String]) -> Option<String> {
    let name: String = address.name.trim().chars().map(plain_width).collect();
    let name = name.as_str();
    if name.is_empty() {
        return None;
    }
    let domain = address.domain();
    for word in name.split(|c: char| c.is_whitespace() || "<>()\"',;:[]|/".contains(c)) {
        let word = word.trim_matches('.');
        if let Some((local, host)) = word.split_once('@') {
            if !local.is_empty()
                && looks_like_host(host)
                && !word.eq_ignore_ascii_case(&address.email)
                && !same_site(host, &domain)
            {
                return Some(format!(
                    "the name shows {}, the address is {}",
                    clip(word, 80),
                    clip(&address.email, 80)
                ));
            }
        } else if looks_like_host(word) && !same_site(word, &domain) {
            let host = word.to_lowercase();
            let is_known =
                FAMOUS.contains(&registrable(&host)) || own_domains.iter().any(|own| same_site(own, &host));
            if is_known {
                return Some(format!(
                    "the name shows {}, the address is {}",
                    clip(word, 80),
                    clip(&address.email, 80)
                ));
            }
        }
    }
    if name.split_whitespace().any(has_mixed_scripts) {
        return Some("the name mixes letters of different scripts".to_owned());
    }
    None
}

/// Letters and signs of full width as those of ASCII: a name may show `paypal．com`.
fn plain_width(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        '\u{3002}' | '\u{FE52}' | '\u{2024}' | '\u{FF61}' => '.',
        '\u{FE6B}' => '@',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        other => other,
    }
}

/// The same text with letters that look alike made equal.
fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.to_lowercase().chars() {
        out.push(match plain_width(c) {
            '0' | 'о' | 'ο' | 'օ' | 'ö' | 'ó' | 'ò' | 'ô' | 'õ' | 'ø' | 'ọ' => 'o',
            '1' | 'ı' | 'і' | 'ι' | 'ӏ' | 'í' | 'ì' | 'î' | 'ï' | '|' | 'l' | 'ł' | 'ḷ' | 'i' | 'ị' => {
                'l'
            }
            '3' | 'е' | 'ё' | 'ε' | 'é' | 'è' | 'ê' | 'ë' | 'ẹ' => 'e',
            'а' | 'α' | 'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | '4' | 'ạ' | 'ɑ' => 'a',
            'с' | 'ç' | 'ć' | 'č' | 'ϲ' => 'c',
            'р' | 'ρ' => 'p',
            'х' | 'χ' => 'x',
            'у' | 'γ' | 'ý' | 'ÿ' => 'y',
            'ѕ' | '5' | 'ś' | 'š' | 'ş' => 's',
            'ԁ' | 'ď' | 'đ' => 'd',
            'һ' => 'h',
            'ј' => 'j',
            'к' | 'κ' => 'k',
            'м' => 'm',
            'т' | 'τ' => 't',
            'в' | 'ß' | '8' => 'b',
            'н' | 'η' | 'ñ' | 'ń' => 'n',
            'ѵ' | 'ν' => 'v',
            'ԝ' | 'ω' => 'w',
            'ց' | 'ɡ' | '9' | 'ğ' => 'g',
            'ü' | 'ú' | 'ù' | 'û' | 'υ' => 'u',
            'ž' | 'ź' | 'ż' | '2' => 'z',
            other => other,
        });
    }
    out.replace("rn", "m").replace("vv", "w").replace("cl", "d")
}

/// Whether two domains differ by one small slip in their name. Short names are neighbours by chance.
fn is_near(one: &str, other: &str, least: usize) -> bool {
    let (Some((one, one_end)), Some((other, other_end))) = (one.split_once('.'), other.split_once('.'))
    else {
        return false;
    };
    let length = one.chars().count().min(other.chars().count());
    if length < least || one.chars().count().abs_diff(other.chars().count()) > 1 {
        return false;
    }
    // The same name under another ending is another owner far too often to warn.
    one != other && one_end == other_end && distance_is_one(one, other)
}

/// One letter more, less, other, or two neighbours swapped.
fn distance_is_one(one: &str, other: &str) -> bool {
    let one: Vec<char> = one.chars().collect();
    let other: Vec<char> = other.chars().collect();
    let front = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let most = one.len().min(other.len()) - front;
    let back = one.iter().rev().zip(other.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let (one, other) = (one.get(front..one.len() - back), other.get(front..other.len() - back));
    match (one, other) {
        (Some([a, b]), Some([c, d])) => a == d && b == c,
        (Some(one), Some(other)) => one.len() <= 1 && other.len() <= 1,
        _ => false,
    }
}

/// Whether one word holds Latin letters beside Cyrillic or Greek ones.
fn has_mixed_scripts(text: &str) -> bool {
    text.split(['.', '-', '@']).any(|label| {
        let has = |range: &dyn Fn(char) -> bool| label.chars().any(range);
        let latin = has(&|c| c.is_ascii_alphabetic() || ('\u{C0}'..='\u{24F}').contains(&c));
        let cyrillic = has(&|c| ('\u{400}'..='\u{52F}').contains(&c));
        let greek = has(&|c| ('\u{370}'..='\u{3FF}').contains(&c) && c.is_alphabetic());
        let armenian = has(&|c| ('\u{530}'..='\u{58F}').contains(&c));
        let cherokee =
            has(&|c| ('\u{13A0}'..='\u{13FF}').contains(&c) || ('\u{AB70}'..='\u{ABBF}').contains(&c));
        [latin, cyrillic, greek, armenian, cherokee].into_iter().filter(|has| *has).count() >= 2
    })
}

/// A host with its `xn--` labels decoded (RFC 3492); nothing if it has none or they cannot be read.
pub fn decode_punycode_host(host: &str) -> Option<String> {
    if !host.split('.').any(|label| label.starts_with("xn--")) {
        return None;
    }
    let labels: Option<Vec<String>> = host
        .split('.')
        .map(|label| match label.strip_prefix("xn--") {
            Some(encoded) => decode_punycode(encoded),
            None => Some(label.to_owned()),
        })
        .collect();
    labels.map(|labels| labels.join("."))
}

/// The decoding procedure of RFC 3492, 6.2.
fn decode_punycode(encoded: &str) -> Option<String> {
    if encoded.len() > 63 || !encoded.is_ascii() {
        return None;
    }
    let (plain, rest) = encoded.rsplit_once('-').unwrap_or(("", encoded));
    let mut out: Vec<char> = plain.chars().collect();
    let (mut code, mut index, mut bias) = (128_u32, 0_u32, 72_u32);
    let mut bytes = rest.bytes().peekable();
    while bytes.peek().is_some() {
        let before = index;
        let (mut weight, mut step) = (1_u32, 36_u32);
        loop {
            let byte = bytes.next()?;
            let digit = match byte {
                b'a'..=b'z' => u32::from(byte - b'a'),
                b'A'..=b'Z' => u32::from(byte - b'A'),
                b'0'..=b'9' => u32::from(byte - b'0') + 26,
                _ => return None,
            };
            index = index.checked_add(digit.checked_mul(weight)?)?;
            let threshold = step.saturating_sub(bias).clamp(1, 26);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(36 - threshold)?;
            step += 36;
        }
        let length = u32::try_from(out.len()).ok()? + 1;
        bias = adapt(index - before, length, before == 0);
        code = code.checked_add(index / length)?;
        index %= length;
        out.insert(index as usize, char::from_u32(code)?);
        index += 1;
    }
    Some(out.into_iter().collect())
}

fn adapt(delta: u32, length: u32, is_first: bool) -> u32 {
    let mut delta = if is_first { delta / 700 } else { delta / 2 };
    delta += delta / length;
    let mut bias = 0;
    while delta > 455 {
        delta /= 35;
        bias += 36;
    }
    bias + 36 * delta / (delta + 38)
}
