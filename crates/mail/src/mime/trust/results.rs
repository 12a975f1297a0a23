//! Authentication-Results (RFC 8601, 2.2): comments, quoted strings and folding included.

use domain::reading::Verdict;

/// Most results read of one header.
const MAX_METHODS: usize = 100;
/// Longest header read, in octets.
const MAX_HEADER: usize = 32 * 1024;

/// One header.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Results {
    /// Who says so.
    pub(super) authserv_id: String,
    /// What they say.
    pub(super) methods: Vec<Method>,
}

/// One `method=result` with its properties.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Method {
    /// `spf`, `dkim`, `dmarc` …, in lower case.
    pub(super) name: String,
    /// `pass`, `fail`, `none` …, in lower case.
    pub(super) result: String,
    /// `header.d` and its kin with their values, in lower case.
    pub(super) properties: Vec<(String, String)>,
}

impl Results {
    /// The verdict of a method. Of several DKIM signatures one that passes for the sender's domain is enough.
    /// What passes for somebody else's domain, a signature as well as an envelope, says nothing about the
    /// sender: anybody has a domain for which it passes.
    pub(super) fn verdict(&self, name: &str, from_domain: &str) -> Verdict {
        let mut worst = Verdict::Unknown;
        for method in self.methods.iter().filter(|method| method.name == name) {
            match method.result.as_str() {
                "pass" if name == "dkim" && method.is_for(from_domain) => return Verdict::Pass,
                // Two answers to one question: the worse one counts.
                "pass" if name != "dkim" && worst == Verdict::Unknown && method.is_for(from_domain) => {
                    worst = Verdict::Pass;
                }
                "fail" | "hardfail" | "policy" | "permerror" | "softfail" => worst = Verdict::Fail,
                _ => {}
            }
        }
        worst
    }
}

impl Method {
    /// Whether what was checked belongs to the sender's organisation: the signer, the envelope's sender, or
    /// the address that the policy was asked of.
    fn is_for(&self, from_domain: &str) -> bool {
        let names: &[&str] = match self.name.as_str() {
            "dkim" => &["header.d", "header.i", "header.from"],
            "spf" => &["smtp.mailfrom", "smtp.mail", "envelope.from", "smtp.helo"],
            _ => &["header.from", "from.d"],
        };
        let named = |name: &&str| self.properties.iter().find(|(found, _)| found == name);
        let Some((_, value)) = names.iter().find_map(named) else { return false };
        let domain = value.rsplit('@').next().unwrap_or_default();
        !domain.is_empty() && super::registrable(domain) == super::registrable(from_domain)
    }
}

/// The authserv-id of a header's value in lower case.
pub fn authserv_id(header: &str) -> Option<String> {
    parse(header).map(|results| results.authserv_id)
}

/// Reads a header's value; nothing if it names no server.
pub(super) fn parse(header: &str) -> Option<Results> {
    let header = header.get(..MAX_HEADER).unwrap_or(header);
    let sections = split_sections(header);
    let mut sections = sections.iter();
    let first = sections.next()?;
    // The id may be followed by a version.
    let authserv_id = first.split_whitespace().next()?.to_ascii_lowercase();
    let methods = sections.take(MAX_METHODS).filter_map(|section| parse_method(section)).collect();
    Some(Results { authserv_id, methods })
}

/// The parts between semicolons, comments removed and quoted strings resolved.
fn split_sections(header: &str) -> Vec<String> {
    let mut sections = vec![String::new()];
    let mut chars = header.chars();
    let mut comment = 0_usize;
    let mut is_quoted = false;
    while let Some(c) = chars.next() {
        if c == '\\' && (is_quoted || comment > 0) {
            let escaped = chars.next();
            if comment == 0
                && let (Some(last), Some(escaped)) = (sections.last_mut(), escaped)
            {
                last.push(escaped);
            }
            continue;
        }
        match c {
            // In a comment too: servers cite addresses there, and `"a) dmarc=pass ("@evil.example` is one.
            '"' => is_quoted = !is_quoted,
            '(' if !is_quoted => comment += 1,
            ')' if !is_quoted && comment > 0 => {
                comment -= 1;
                if let Some(last) = sections.last_mut() {
                    last.push(' ');
                }
            }
            _ if comment > 0 => {}
            ';' if !is_quoted => sections.push(String::new()),
            // Inside quotes neither blank nor semicolon separates.
            _ => {
                let c = if is_quoted && (c.is_whitespace() || c == '=') { '_' } else { c };
                if let Some(last) = sections.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    sections
}

fn parse_method(section: &str) -> Option<Method> {
    // `method = result` with blanks around the sign is allowed.
    let spaced = section.replace('=', " = ");
    let mut words = spaced.split_whitespace().peekable();
    let mut method = Method::default();
    while let Some(name) = words.next() {
        if words.next_if_eq(&"=").is_none() {
            continue;
        }
        let Some(mut value) = words.next().map(str::to_ascii_lowercase) else { break };
        // A value with signs of its own, as base64 in header.b.
        while words.next_if_eq(&"=").is_some() {
            value.push('=');
        }
        let name = name.to_ascii_lowercase();
        if method.name.is_empty() {
            name.split('/').next().unwrap_or_default().clone_into(&mut method.name);
            method.result = value;
        } else if method.properties.len() < 40 {
            method.properties.push((name, value));
        }
    }
    (!method.name.is_empty()).then_some(method)
}
