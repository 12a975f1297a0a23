//! The fields that adding and editing an account share: its servers, as they were typed and as settings. Bounds
//! and missing values are told at the field.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::Query;
use domain::{
    AccountSettings, Endpoint, TlsMode,
    account::{Service, SmtpPassword, Typed},
};
use engine::suggest::Suggestion;

use crate::frame::{Answer, Fields, Person, show};

/// Characters of a host name, a login name.
const LONGEST: usize = 320;
/// Characters of a password.
const LONGEST_PASSWORD: usize = 1_024;

/// One server as it was typed.
#[derive(Debug, Clone, Default)]
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: String,
    pub(super) tls: String,
    pub(super) user: String,
}

/// The servers as they were typed, and what is wrong with any field of the page.
#[derive(Debug, Clone, Default)]
pub(super) struct Servers {
    pub(super) imap: Server,
    pub(super) smtp: Server,
    /// Nothing is ever sent.
    pub(super) reads_only: bool,
    /// SMTP has a password of its own.
    pub(super) has_own_password: bool,
    errors: BTreeMap<String, String>,
}

/// One server as the template shows it.
pub(super) struct ServerView<'a> {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) usual: &'static str,
    pub(super) server: &'a Server,
    pub(super) modes: Vec<Mode>,
    pub(super) port_hint: &'static str,
}

/// One TLS mode to choose.
pub(super) struct Mode {
    pub(super) value: &'static str,
    pub(super) label: &'static str,
    pub(super) port: u16,
    pub(super) is_chosen: bool,
}

impl Server {
    fn of(endpoint: &Endpoint) -> Self {
        Self {
            host: endpoint.host.clone(),
            port: endpoint.port.to_string(),
            tls: endpoint.tls.as_str().to_owned(),
            user: endpoint.username.clone(),
        }
    }

    fn read(fields: &Fields, service: &str) -> Self {
        let field = |name: &str| fields.text(&format!("{service}_{name}")).to_owned();
        Self { host: field("host"), port: field("port"), tls: field("tls"), user: field("user") }
    }
}

impl Servers {
    pub(super) fn of(settings: &AccountSettings, has_own_password: bool) -> Self {
        Self {
            imap: Server::of(&settings.imap),
            smtp: settings.smtp.as_ref().map(Server::of).unwrap_or_default(),
            reads_only: settings.smtp.is_none(),
            has_own_password,
            errors: BTreeMap::new(),
        }
    }

    pub(super) fn read(fields: &Fields) -> Self {
        Self {
            imap: Server::read(fields, "imap"),
            smtp: Server::read(fields, "smtp"),
            reads_only: fields.has("reads_only"),
            has_own_password: fields.has("own_smtp_password"),
            errors: BTreeMap::new(),
        }
    }

    /// Fills in what was left empty.
    pub(super) fn complete(&mut self, found: &Suggestion) {
        if self.imap.host.is_empty() {
            let user = std::mem::take(&mut self.imap.user);
            self.imap = Server::of(&found.imap);
            if !user.is_empty() {
                self.imap.user = user;
            }
        }
        if self.smtp.host.is_empty() && !self.reads_only {
            let user = std::mem::take(&mut self.smtp.user);
            self.smtp = Server::of(&found.smtp);
            self.smtp.user = if user.is_empty() { self.imap.user.clone() } else { user };
        }
    }

    /// Notes what is wrong with a field.
    pub(super) fn wrong(&mut self, field: &str, what: impl Into<String>) {
        self.errors.entry(field.to_owned()).or_insert_with(|| what.into());
    }

    /// Whether nothing is wrong with any field.
    pub(super) fn is_right(&self) -> bool {
        self.errors.is_empty()
    }

    /// What is wrong with a field.
    pub(super) fn error(&self, field: &str) -> Option<&str> {
        self.errors.get(field).map(String::as_str)
    }

    /// What is wrong with a field of one server.
    pub(super) fn error_at(&self, service: &str, field: &str) -> Option<&str> {
        self.error(&format!("{service}_{field}"))
    }

    /// Whether something is wrong with a field of the servers.
    pub(super) fn has_errors(&self) -> bool {
        self.errors.keys().any(|field| field.starts_with("imap_") || field.starts_with("smtp_"))
    }

    /// The endpoints, if they can be had from what was typed; else what is wrong is noted.
    pub(super) fn endpoints(&mut self, address: &str) -> Option<(Endpoint, Option<Endpoint>)> {
        let imap = self.endpoint(Service::Imap, address);
        let smtp = if self.reads_only {
            Some(None)
        } else {
            let user = self.imap.user.clone();
            let user = if user.is_empty() { address.to_owned() } else { user };
            self.endpoint(Service::Smtp, &user).map(Some)
        };
        Some((imap?, smtp?))
    }

    fn endpoint(&mut self, service: Service, user: &str) -> Option<Endpoint> {
        let (id, server) = match service {
            Service::Imap => ("imap", self.imap.clone()),
            Service::Smtp => ("smtp", self.smtp.clone()),
        };
        let mut errors = Vec::new();
        if server.host.is_empty() {
            errors.push(("host", "Enter the name of the server.".to_owned()));
        } else if !is_plain(&server.host) || server.host.contains(char::is_whitespace) {
            errors.push(("host", "This is not the name of a server.".to_owned()));
        }
        let tls = match (server.tls.parse::<TlsMode>(), server.tls.as_str()) {
            (Ok(tls), _) => Some(tls),
            (Err(_), "") => None,
            (Err(_), _) => {
                errors.push(("tls", "Choose one of the three.".to_owned()));
                None
            }
        };
        let port = match server.port.as_str() {
            "" => Some(usual_port(service, tls.unwrap_or(TlsMode::Tls))),
            port => port.parse::<u16>().ok().filter(|port| *port > 0),
        };
        if port.is_none() {
            errors.push(("port", "A port is a number from 1 to 65535.".to_owned()));
        }
        let username = if server.user.is_empty() { user.to_owned() } else { server.user.clone() };
        if !is_plain(&username) {
            errors.push(("user", format!("At most {LONGEST} characters, all on one line.")));
        }
        let is_right = errors.is_empty();
        for (field, what) in errors {
            self.wrong(&format!("{id}_{field}"), what);
        }
        let (port, true) = (port?, is_right) else { return None };
        let tls = tls.unwrap_or_else(|| TlsMode::of_port(port));
        Some(Endpoint { host: server.host, port, tls, username })
    }

    /// The passwords that were typed; what is wrong is noted.
    pub(super) fn passwords(&mut self, fields: &Fields) -> Typed {
        let mut typed = |name: &str| {
            let password = fields.secret(name);
            if password.expose().chars().count() > LONGEST_PASSWORD {
                self.wrong(name, format!("A password has at most {LONGEST_PASSWORD} characters."));
            }
            (!password.is_empty()).then_some(password)
        };
        let imap = typed("password");
        let own = typed("smtp_password");
        let smtp = if self.has_own_password { SmtpPassword::Own(own) } else { SmtpPassword::SameAsImap };
        Typed { imap, smtp }
    }

    /// The servers for the template.
    pub(super) fn views(&self) -> Vec<ServerView<'_>> {
        let view = |service: Service, id, title, usual| {
            let typed = if service == Service::Imap { &self.imap } else { &self.smtp };
            let modes = [
                (TlsMode::Tls, "TLS (recommended)"),
                (TlsMode::StartTls, "STARTTLS"),
                (TlsMode::None, "None: the password is readable on the way"),
            ];
            let modes = modes.map(|(mode, label)| Mode {
                value: mode.as_str(),
                label,
                port: usual_port(service, mode),
                is_chosen: typed.tls == mode.as_str(),
            });
            ServerView {
                id,
                title,
                usual,
                server: typed,
                modes: modes.into(),
                port_hint: port_hint(service, &typed.port, &typed.tls),
            }
        };
        vec![
            view(Service::Imap, "imap", "Reading mail (IMAP)", "imap.example.org"),
            view(Service::Smtp, "smtp", "Sending mail (SMTP)", "smtp.example.org"),
        ]
    }
}

/// One line of text that fits.
pub(super) fn is_plain(text: &str) -> bool {
    text.chars().count() <= LONGEST && !text.contains(char::is_control)
}

fn usual_port(service: Service, tls: TlsMode) -> u16 {
    match (service, tls) {
        (Service::Imap, TlsMode::Tls) => 993,
        (Service::Imap, _) => 143,
        (Service::Smtp, TlsMode::Tls) => 465,
        (Service::Smtp, _) => 587,
    }
}

/// What to know where port and TLS mode do not fit by convention; empty if they do.
fn port_hint(service: Service, port: &str, tls: &str) -> &'static str {
    let (Ok(port), Ok(tls)) = (port.trim().parse::<u16>(), tls.parse::<TlsMode>()) else { return "" };
    match (service, port, tls) {
        (_, 993 | 465, TlsMode::StartTls | TlsMode::None) => {
            "This port speaks TLS from the first byte: choose TLS, or another port."
        }
        (_, 143 | 587 | 25, TlsMode::Tls) => {
            "This port begins in plain text: choose STARTTLS, or the port 993 (IMAP) or 465 (SMTP). \
             Other programs say “wrong version number” here."
        }
        (Service::Imap, 465 | 587 | 25, _) => "This is a port for sending mail. IMAP has 993 or 143.",
        (Service::Smtp, 993 | 143, _) => "This is a port for reading mail. SMTP has 465 or 587.",
        (_, 995 | 110, _) => "This is a port of POP3, which cannot be used here.",
        (Service::Smtp, 25, _) => "Servers rarely take mail of people at port 25: try 465 or 587.",
        (_, _, TlsMode::None) => {
            "Without protection, everybody on the way can read the password and the mail."
        }
        _ => "",
    }
}

/// The hint for a port and a TLS mode.
#[derive(Template)]
#[template(path = "accounts/port.html")]
struct PortPart {
    hint: &'static str,
}

/// What to know of the port and TLS mode that were just chosen.
pub(super) async fn port(_: Person, Query(fields): Query<BTreeMap<String, String>>) -> Answer {
    let field = |name: &str| fields.get(name).map_or("", String::as_str);
    let hint = if fields.contains_key("smtp_port") {
        port_hint(Service::Smtp, field("smtp_port"), field("smtp_tls"))
    } else {
        port_hint(Service::Imap, field("imap_port"), field("imap_tls"))
    };
    show(&PortPart { hint })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_and_protection_that_do_not_fit_are_told_before_anything_is_tried() {
        for (service, port, tls, said) in [
            (Service::Imap, "993", "starttls", "TLS from the first byte"),
            (Service::Smtp, "465", "none", "TLS from the first byte"),
            (Service::Imap, "143", "tls", "wrong version number"),
            (Service::Smtp, "587", "tls", "STARTTLS"),
            (Service::Imap, "587", "starttls", "for sending"),
            (Service::Smtp, "993", "tls", "for reading"),
            (Service::Imap, "995", "tls", "POP3"),
            (Service::Imap, "3143", "none", "read the password"),
        ] {
            let hint = port_hint(service, port, tls);
            assert!(hint.contains(said), "{port} {tls}: {hint}");
        }
        for (service, port, tls) in [
            (Service::Imap, "993", "tls"),
            (Service::Imap, "143", "starttls"),
            (Service::Smtp, "465", "tls"),
            (Service::Smtp, "587", "starttls"),
            (Service::Smtp, "", "tls"),
            (Service::Smtp, "x", "y"),
        ] {
            assert_eq!(port_hint(service, port, tls), "", "{port} {tls}");
        }
    }

    #[test]
    fn what_is_left_empty_follows_convention() {
        let mut servers = Servers::default();
        servers.imap.host = "imap.example.org".to_owned();
        servers.imap.user = "ann".to_owned();
        servers.smtp.host = "smtp.example.org".to_owned();
        servers.smtp.port = "587".to_owned();
        let (imap, smtp) = servers.endpoints("ann@example.org").unwrap();
        assert_eq!((imap.port, imap.tls, imap.username.as_str()), (993, TlsMode::Tls, "ann"));
        let smtp = smtp.unwrap();
        assert_eq!((smtp.port, smtp.tls, smtp.username.as_str()), (587, TlsMode::StartTls, "ann"));
    }

    #[test]
    fn each_wrong_field_is_told_at_its_place() {
        let imap = Server {
            host: "imap example".to_owned(),
            port: "70000".to_owned(),
            tls: "ssl".to_owned(),
            user: "a".repeat(LONGEST + 1),
        };
        let mut servers = Servers { imap, ..Servers::default() };
        assert!(servers.endpoints("ann@example.org").is_none());
        for field in ["imap_host", "imap_port", "imap_tls", "imap_user", "smtp_host"] {
            assert!(servers.error(field).is_some(), "{field}");
        }
    }
}
