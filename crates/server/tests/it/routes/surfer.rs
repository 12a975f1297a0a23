//! A browser without a screen: it keeps cookies, and fills in the tokens of forms.

use std::{cell::RefCell, collections::BTreeMap};

use testkit::mcp_http::{Response, request};

/// A browser of somebody.
#[derive(Debug, Clone)]
pub(crate) struct Surfer {
    port: u16,
    cookies: RefCell<BTreeMap<String, String>>,
}

impl Surfer {
    /// One without cookies.
    pub(crate) fn new(port: u16) -> Self {
        Self { port, cookies: RefCell::default() }
    }

    /// One in which `name` signed in through the page.
    pub(crate) fn signed_in(port: u16, name: &str, password: &str) -> Self {
        let surfer = Self::new(port);
        let csrf = surfer.csrf("/login");
        let answer = surfer.post("/login", &[("name", name), ("password", password), ("csrf", &csrf)]);
        assert_eq!(answer.status, 303, "{}", answer.body);
        surfer
    }

    /// The same browser, led to another server: what balances load between them, seen from outside.
    pub(crate) fn led_to(&self, port: u16) -> Self {
        Self { port, ..self.clone() }
    }

    /// The names of the cookies it has.
    pub(crate) fn cookies(&self) -> Vec<String> {
        self.cookies.borrow().keys().cloned().collect()
    }

    pub(crate) fn get(&self, path: &str) -> Response {
        self.send("GET", path, "")
    }

    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let pairs = fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        self.send("POST", path, &pairs.collect::<Vec<_>>().join("&"))
    }

    /// The token of the forms on a page: of the last one, since the first may be the layout's.
    pub(crate) fn csrf(&self, page: &str) -> String {
        let body = self.get(page).body;
        let (_, rest) = body.rsplit_once("name=\"csrf\" value=\"").unwrap_or_default();
        rest.split('"').next().unwrap_or_default().to_owned()
    }

    fn send(&self, method: &str, path: &str, form: &str) -> Response {
        let cookies: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let mut headers = vec![("Accept", "text/html"), ("Cookie", cookies.as_str())];
        if method == "POST" {
            headers.push(("Content-Type", "application/x-www-form-urlencoded"));
        }
        let answer = request(self.port, method, path, &headers, form).unwrap();
        for cookie in &answer.cookies {
            let (pair, flags) = cookie.split_once(';').unwrap_or((cookie, ""));
            let (name, value) = pair.split_once('=').unwrap();
            let mut kept = self.cookies.borrow_mut();
            if flags.contains("Max-Age=0") {
                kept.remove(name);
            } else {
                kept.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}

fn encoded(text: &str) -> String {
    let octets = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    octets.collect()
}
