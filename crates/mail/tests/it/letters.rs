//! Letters to read: the corpus, letters that senders of harm write, and mutations of both; and the way a
//! letter takes through this crate. Shared by the tests and `examples/render_corpus.rs`.
//!
//! Nothing here is random: the same seed makes the same letters.

use std::path::{Path, PathBuf};

use domain::reading::Trust;
use mail::mime::{
    attachments::attachments,
    codes,
    render::{Options, Rendered, render, snippet},
    text_parts::{TextPart, text_plan},
    trust::{TrustInput, assess},
    whole,
};

/// The corpus of real messages, where there is one above this crate.
pub(crate) fn corpus() -> Option<PathBuf> {
    let start = Path::new(env!("CARGO_MANIFEST_DIR"));
    start.ancestors().map(|folder| folder.join("shared").join("corpus")).find(|folder| folder.is_dir())
}

/// The messages below a folder in a fixed order.
pub(crate) fn messages(root: PathBuf) -> Vec<(String, Vec<u8>)> {
    let mut folders = vec![root];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let extension =
                path.extension().map(|end| end.to_string_lossy().into_owned()).unwrap_or_default();
            if path.is_dir() {
                folders.push(path);
            } else if !matches!(extension.as_str(), "ics" | "vcf" | "json" | "golden" | "png" | "md") {
                found.push((path.display().to_string(), std::fs::read(&path).unwrap_or_default()));
            }
        }
    }
    found.sort();
    found
}

/// What becomes of a letter.
pub(crate) struct Read {
    /// Its text as an agent reads it.
    pub(crate) rendered: Rendered,
    /// Its preview.
    pub(crate) snippet: String,
    /// Its subject and all other header fields, each in one line.
    pub(crate) fields: Vec<String>,
    /// How many files it carries.
    pub(crate) files: usize,
    /// How far to trust it.
    pub(crate) trust: Trust,
}

/// Reads a letter as the product does: header, structure, text, files, links, codes, trust.
pub(crate) fn read(raw: &[u8], full: bool) -> Read {
    let parsed = whole::parse(raw);
    let envelope = parsed.headers.envelope();
    let (subject, _) = codes::mask(&envelope.subject);
    let plan = text_plan(&parsed.structure);
    let fetched: Vec<(TextPart, &[u8])> = plan
        .parts
        .into_iter()
        .filter_map(|part| parsed.part_bytes.get(&part.path).map(|octets| (part, octets.as_ref())))
        .collect();
    let options = Options { full, mask_codes: true, subject: &envelope.subject };
    let rendered = render(&fetched, options);
    let files = attachments(&parsed.structure);
    let (results, placed): (Vec<String>, Vec<bool>) =
        parsed.headers.placed_authentication_results().into_iter().unzip();
    let trust = assess(&TrustInput {
        from: &envelope.from,
        reply_to: &envelope.reply_to,
        sender: &envelope.sender,
        authentication_results: &results,
        stands_above_received: &placed,
        authserv_ids: &["mx.example.net".to_owned()],
        own_domains: &["example.net".to_owned()],
        removed: rendered.readable.removed,
        masked: rendered.masked,
    });
    let fields = parsed.headers.iter().map(|(name, value)| format!("{name}: {value}"));
    Read {
        snippet: snippet(&fetched, 200, options),
        fields: [subject].into_iter().chain(fields).collect(),
        files: files.len(),
        rendered,
        trust,
    }
}

/// What ought to be true of every letter, however it is made; nothing if it is.
pub(crate) fn complaint(read: &Read) -> Option<&'static str> {
    let is_control = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    let text = &read.rendered.readable.text;
    if text.contains(is_control) || read.snippet.contains(char::is_control) {
        return Some("a control character in the text");
    }
    if mail::mime::invisible::clean(text).1 > 0 || mail::mime::invisible::clean(&read.snippet).1 > 0 {
        return Some("an invisible character in the text");
    }
    if read.trust.look_alike.as_deref().is_some_and(|warning| warning.contains(char::is_control)) {
        return Some("a control character in a warning");
    }
    if read.fields.iter().any(|field| field.contains(char::is_control)) {
        return Some("a control character in a header field");
    }
    (read.files > 1_000).then_some("more files than parts that may be read")
}

/// Letters of harm, each about as long as said: what is slow on any of them is slow on purpose of a sender.
pub(crate) fn pathological(octets: usize) -> Vec<(&'static str, Vec<u8>)> {
    let times = |unit: &str| unit.repeat(octets / unit.len().max(1) + 1);
    let numbered = |unit: &dyn Fn(usize) -> String| {
        let mut out = String::new();
        let mut number = 0;
        while out.len() < octets {
            out.push_str(&unit(number));
            number += 1;
        }
        out
    };
    let html = |body: String| format!("Subject: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{body}");
    let plain = |body: String| format!("Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}");
    let subject = |value: String| format!("Subject: {value}\r\n\r\nwords\r\n");
    let letters: Vec<(&'static str, String)> = vec![
        ("nested div", html(times("<div>"))),
        ("nested tables", html(times("<table><tr><td>x"))),
        ("nested lists", html(times("<ul><li>x"))),
        ("nested quotes", html(times("<blockquote>x"))),
        ("nested small", html(times("<small>x"))),
        ("nested details", html(times("<details><summary>x"))),
        ("crossed tags", html(times("<b><i>x</b></i>"))),
        ("ends without beginnings", html(times("</p></td></div>"))),
        (
            "one style each",
            html(times("<p style='color:#fff;font-size:0;position:absolute;left:-9px'>x</p>")),
        ),
        ("one long style", html(format!("<p style='{}'>x</p>", times("color:red;")))),
        ("styles of calc", html(times("<p style='width:calc(1px + calc(2px * calc(3px - min(1px,2px'>x"))),
        ("styles of brackets", html(format!("<p style='width:{}'>x", times("calc(")))),
        ("variables", html(numbered(&|n| format!("<p style='--a{n}:var(--a{n});color:var(--a{n})'>x")))),
        (
            "a variable that grows",
            html(format!("<p style='--a:var(--a)var(--a);color:{}'>x", times("var(--a)"))),
        ),
        ("many attributes", html(format!("<p {}>x", times("a=b ")))),
        ("many classes", html(format!("<p class='{}'>x", numbered(&|n| format!("c{n} "))))),
        ("an open quote", html(format!("<a href='{}", times("x ")))),
        ("open brackets", html(times("<"))),
        ("open comments", html(times("<!--"))),
        ("open ends", html(times("</"))),
        ("ampersands", html(times("&"))),
        ("entities", html(times("&amp;&#x41;&NotEqualTilde;"))),
        ("entities of invisible characters", html(times("&#8203;&zwj;"))),
        ("rules", html(format!("<style>{}</style>x", numbered(&|n| format!(".c{n}{{display:none}}"))))),
        (
            "one rule for many",
            html(format!("<style>{} {{display:none}}</style>x", numbered(&|n| format!(".c{n},")))),
        ),
        (
            "rules without a key",
            html(format!("<style>{}</style>{}", "*{display:none}".repeat(2_000), times("<p>x"))),
        ),
        (
            "rules with ancestors",
            html(format!(
                "<style>{}</style>{}",
                numbered(&|n| format!(".a{} .b .c{{color:red}}", n % 97)),
                times("<p class=c>x")
            )),
        ),
        (
            "rules by attribute",
            html(format!("<style>{}</style>{}", "[a*=b]{color:red}".repeat(500), times("<p a=ab>x"))),
        ),
        ("nested rules", html(format!("<style>{}</style>x", times("a{")))),
        ("nested rules of many", html(format!("<style>{}</style>x", times("a,b,c,d{& e,& f{")))),
        ("open braces", html(format!("<style>{}</style>x", times("@media screen{")))),
        ("selectors of brackets", html(format!("<style>{}", times(":not(")))),
        ("style elements", html(times("<style>a{b:c}</style>"))),
        ("noscript", html(times("<noscript>x"))),
        ("links", html(numbered(&|n| format!("<a href='https://x.example/{n}'>link {n}</a> ")))),
        ("links without end", html(times("<a href='https://x.example/'>x"))),
        (
            "links that sign in",
            html(numbered(&|n| format!("<a href='https://x.example/login?token=a1B2c3D4e5{n}'>sign in</a>"))),
        ),
        ("pictures", html(times("<img src=x alt='a picture'>"))),
        (
            "pictures in links",
            html(numbered(&|n| format!("<a href='https://x.example/{n}'><img src=x></a>"))),
        ),
        ("table rows", html(times("<tr><td>a</td><td>b</td></tr>"))),
        ("cells of one row", html(format!("<table><tr>{}", times("<td>a</td>")))),
        ("breaks", html(times("<br>"))),
        ("preformatted", html(format!("<pre>{}", times("\n")))),
        ("one line of HTML", html(times("x"))),
        ("one line", plain(times("x"))),
        ("one line of words", plain(times("word "))),
        ("one line of blanks", plain(format!("{}x", times(" ")))),
        ("line ends", plain(times("\r\n"))),
        ("bare carriage returns", plain(times("\r"))),
        ("quote marks", plain(times(">"))),
        ("quote marks with blanks", plain(times("> "))),
        ("a ladder of quotes", plain(numbered(&|n| format!("{} x\r\n", ">".repeat(n % 60))))),
        ("attributions", plain(times("On Mon, Ann wrote:\r\n> x\r\n"))),
        ("attributions of many lines", plain(times("On Mon\r\n"))),
        ("one long attribution", plain(format!("On {} wrote:\r\n> x\r\n", times("Mon, ")))),
        ("forwards", plain(times("-----Original Message-----\r\nFrom: a\r\n"))),
        ("heads of history", plain(times("From: a\r\nSent: b\r\nTo: c\r\nSubject: d\r\n"))),
        ("signature marks", plain(times("-- \r\nAnn\r\n"))),
        ("flowed", format!("Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\n{}", times("x "))),
        ("addresses of pages", plain(numbered(&|n| format!("https://x.example/{n} ")))),
        ("one address of a page", plain(format!("https://x.example/{}", times("a")))),
        ("schemes", plain(times("://"))),
        ("addresses with brackets", plain(format!("https://x.example/{}", times(")].")))),
        ("brackets of links", plain(times("[a][1]"))),
        ("open square brackets", plain(times("["))),
        ("pictures in words", plain(times("[image: "))),
        ("uuencoded", plain(times("begin 644 a\r\n#0V%T\r\n"))),
        ("codes", plain(times("Your code is 123456. "))),
        ("codes in one line each", plain(times("code\r\n123456\r\n"))),
        ("digits", plain(times("1234 "))),
        ("single digits", plain(times("1 "))),
        ("words of codes", plain(times("verification code "))),
        ("codes with letters", plain(numbered(&|n| format!("code K{n:05}Z; ")))),
        ("codes with letters in a subject", subject(numbered(&|n| format!("code K{n:05}Z; ")))),
        (
            "numbers behind hyphens",
            plain(format!(
                "{}{}",
                times("-"),
                (0..1_000).fold(String::new(), |all, n| format!("{all} 1{n:04}"))
            )),
        ),
        ("numbers between hyphens", plain(numbered(&|n| format!("{} 1{n:05} ", "-".repeat(50))))),
        ("secrets by their shape", plain(times("password: Tulip!48-rain "))),
        (
            "a long subject above many addresses",
            format!(
                "Subject: {}\r\n\r\n{}",
                "words ".repeat(10_000),
                numbered(&|n| format!("https://x.example/{n}/a1B2c3D4e5f6\n"))
            ),
        ),
        (
            "a long subject above many links",
            format!(
                "Subject: {}\r\nContent-Type: text/html\r\n\r\n{}",
                "words ".repeat(10_000),
                numbered(&|n| format!("<p><a href='https://x.example/{n}/a1B2c3D4e5f6'>a</a>"))
            ),
        ),
        (
            "one link's number again and again",
            html(format!("<a href='https://x.example/a1B2c3D4e5f6'>a</a><pre>{}</pre>", times("[a][1]\n"))),
        ),
        ("zero-width", plain(times("\u{200B}"))),
        ("joiners", plain(times("\u{200D}"))),
        ("marks", plain(times("\u{301}"))),
        ("tags", plain(times("\u{E0041}"))),
        ("encoded words", subject(times("=?utf-8?q?a?= "))),
        ("open encoded words", subject(times("=?utf-8?q?"))),
        ("openings", subject(times("=?"))),
        ("encoded words that end late", subject(format!("{}?=", times("=?a?q?")))),
        ("open encoded words of addresses", format!("To: {}\r\n\r\nx", times("=?aa?q? "))),
        (
            "open encoded words of many recipients",
            format!("{}\r\nx", times(&format!("To: {}\r\n", "=?aa?q? ".repeat(8_000)))),
        ),
        (
            "open encoded words of parts",
            format!(
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n{}",
                times(&format!(
                    "--b\r\nContent-Type: text/plain; name={0}\r\nContent-Disposition: attachment; filename={0}\r\n\r\nx\r\n",
                    "=?aa?q? ".repeat(2_000)
                ))
            ),
        ),
        ("folds", subject(times("x\r\n "))),
        ("one long subject", subject(times("x"))),
        ("addresses", format!("To: {}\r\n\r\nx", times("Ann Lee <ann@x.example>, "))),
        ("open angle brackets", format!("To: {}\r\n\r\nx", times("<"))),
        ("comments in addresses", format!("To: {}\r\n\r\nx", times("("))),
        ("quotes in addresses", format!("To: {}\r\n\r\nx", times("\"a"))),
        ("groups", format!("To: {}\r\n\r\nx", times("a:;"))),
        ("header fields", format!("{}\r\nx", times("X-A: b\r\n"))),
        ("recipient fields", format!("{}\r\nx", times("To: ann@x.example\r\n"))),
        ("received", format!("{}\r\nx", times("Received: from a by b.example\r\n"))),
        ("results", format!("{}\r\nx", times("Authentication-Results: mx.example.net; dkim=pass\r\n"))),
        (
            "one result",
            format!("Authentication-Results: mx.example.net; {}\r\n\r\nx", times("dkim=pass header.d=x; ")),
        ),
        ("references", format!("References: {}\r\n\r\nx", numbered(&|n| format!("<{n}@x.example> ")))),
        ("fields without colon", format!("{}\r\nx", times("x\r\n"))),
        ("parameters", format!("Content-Type: text/plain; {}\r\n\r\nx", numbered(&|n| format!("a{n}=b; ")))),
        (
            "continuations",
            format!(
                "Content-Disposition: attachment; {}\r\n\r\nx",
                numbered(&|n| format!("filename*{n}*=a; "))
            ),
        ),
        ("a long charset", format!("Content-Type: text/plain; charset={}\r\n\r\nx", times("x"))),
        (
            "a long boundary",
            format!("Content-Type: multipart/mixed; boundary={0}\r\n\r\n--{0}\r\n\r\nx", times("b")),
        ),
        ("parts", format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}", times("--b\r\n\r\nx\r\n"))),
        ("empty parts", format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}", times("--b\r\n"))),
        (
            "alternatives",
            format!(
                "Content-Type: multipart/alternative; boundary=b\r\n\r\n{}",
                times("--b\r\nContent-Type: text/html\r\n\r\nx\r\n")
            ),
        ),
        (
            "nested parts",
            numbered(&|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n")),
        ),
        ("nested parts of one boundary", times("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n")),
        ("nested messages", times("Content-Type: message/rfc822\r\n\r\n")),
        (
            "nested messages in base64",
            times("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"),
        ),
        ("soft breaks", format!("Content-Transfer-Encoding: quoted-printable\r\n\r\n{}", times("=\r\n"))),
        ("equals signs", format!("Content-Transfer-Encoding: quoted-printable\r\n\r\n{}", times("="))),
        (
            "soft breaks that are none",
            format!("Content-Transfer-Encoding: quoted-printable\r\n\r\n{}", times("=          ")),
        ),
        (
            "blanks before line ends",
            format!("Content-Transfer-Encoding: quoted-printable\r\n\r\n{}", times("        \n")),
        ),
        ("padding", format!("Content-Transfer-Encoding: base64\r\n\r\n{}", times("="))),
        ("garbage in base64", format!("Content-Transfer-Encoding: base64\r\n\r\n{}", times("!@#$"))),
        ("UTF-7", format!("Content-Type: text/plain; charset=utf-7\r\n\r\n{}", times("+AOQ-"))),
        ("open UTF-7", format!("Content-Type: text/plain; charset=utf-7\r\n\r\n{}", times("+"))),
        (
            "escapes of ISO-2022",
            format!("Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n{}", times("\u{1B}$B")),
        ),
    ];
    letters.into_iter().map(|(name, letter)| (name, letter.into_bytes())).collect()
}

/// Changes letters in ways that break them.
pub(crate) struct Mutator(u64);

/// What stands where it should not.
const FRAGMENTS: [&[u8]; 24] = [
    b"\0",
    b"\r",
    b"\n",
    b"\r\n\r\n",
    b"\xff\xfe",
    b"\xe2\x80",
    b"\xf0\x9f",
    b"=?utf-8?B?",
    b"?=",
    b"--",
    b"Content-Type: multipart/mixed; boundary=\"\"\r\n",
    b"Content-Type: message/rfc822\r\n\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n",
    b"Content-Type: text/html; charset=utf-16\r\n",
    b"<style>p{display:none}",
    b"<p style=\"",
    b"</table>",
    b"<!--",
    b"&#x110000;",
    b"\"",
    b"(",
    b"> > >",
    b"begin 644 x\r\n",
];

impl Mutator {
    /// One that always makes the same changes.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (bound.max(1) as u64)).unwrap_or(0)
    }

    /// A letter with some changes; pieces of the other may get into it.
    pub(crate) fn mutate(&mut self, letter: &[u8], other: &[u8]) -> Vec<u8> {
        let mut out = letter.to_vec();
        for _ in 0..=self.below(8) {
            self.change(&mut out, other);
        }
        out
    }

    fn change(&mut self, out: &mut Vec<u8>, other: &[u8]) {
        let at = self.below(out.len() + 1);
        let end = (at + self.below(200)).min(out.len());
        match self.below(11) {
            0 => {
                let bit = self.below(8);
                if let Some(byte) = out.get_mut(at) {
                    *byte ^= 1 << bit;
                }
            }
            1 => out.truncate(at.max(20)),
            2 => drop(out.drain(at..end)),
            3 => {
                let from = self.below(other.len() + 1);
                let to = (from + self.below(2_000)).min(other.len());
                out.splice(at..end, other[from..to].iter().copied());
            }
            4 => {
                let high: Vec<u8> =
                    (0..self.below(20)).map(|_| u8::try_from(128 + self.below(128)).unwrap_or(255)).collect();
                out.splice(at..at, high);
            }
            5 => {
                let fragment = FRAGMENTS[self.below(FRAGMENTS.len())];
                out.splice(at..at, fragment.repeat(1 + self.below(3)));
            }
            6 => {
                let again = out[at..end].repeat(2 + self.below(20));
                out.splice(at..at, again);
            }
            kind => self.change_lines(out, kind),
        }
    }

    fn change_lines(&mut self, out: &mut Vec<u8>, kind: usize) {
        let mut lines: Vec<Vec<u8>> =
            out.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        let header = lines.iter().position(|line| line.trim_ascii().is_empty()).unwrap_or(lines.len());
        let one = self.below(lines.len());
        match kind {
            7 if !lines.is_empty() => {
                let again = lines[one].clone();
                lines.insert(one, again);
            }
            8 if !lines.is_empty() => drop(lines.remove(one)),
            9 if header > 1 => {
                let (one, other) = (self.below(header), self.below(header));
                lines.swap(one, other);
            }
            _ if !lines.is_empty() => {
                let other = self.below(lines.len());
                lines.swap(one, other);
            }
            _ => {}
        }
        *out = lines.concat();
    }
}
