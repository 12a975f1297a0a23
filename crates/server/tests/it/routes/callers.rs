//! The callers of the table, and how each of them asks for a route: with which cookies, tokens, ids and fields.

use serde_json::json;
use testkit::{
    McpHttp, Submission,
    mcp_http::{Response, request},
};

use super::surfer::Surfer;
use crate::{
    approvals::waiting,
    connecting::{self, authorize},
    pages::outbox::in_a_day,
    world::{MAIL_PASSWORD, PASSWORD, READING, Serving, World},
};

/// A message that waits, with a form in HTML and a file.
const APPROVAL: &str = "From: alice@example.org\r\nTo: bob@example.net, carla@example.net, eve@example.net\r\n\
    Subject: Hi\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>a</p>\r\n\
    --b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nx\r\n--b--\r\n";

const METRICS: &str = "a token for metrics";

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    Nobody,
    Stranger,
    Narrow,
    Over,
    Right,
}

/// In the order of the table's columns.
pub(super) const CALLERS: [Caller; 5] =
    [Caller::Nobody, Caller::Stranger, Caller::Narrow, Caller::Over, Caller::Right];

/// A server with all of them.
pub(super) struct Callers {
    /// Holds the data directory.
    _world: World,
    serving: Serving,
    alice: Surfer,
    bob: Surfer,
    /// A browser whose session ended.
    ended: Surfer,
    /// Tokens of agents: of alice's, of bob's, one that may too little, one that was revoked.
    bearers: [String; 4],
    /// A session of alice's agent.
    session: String,
    /// The client that alice let in, and what it was given.
    client: String,
    refresh: String,
    file: String,
    agent: String,
    family: String,
    invitation: String,
    /// A message of alice's that waits for her.
    approval: String,
    /// A message of alice's that is to leave tomorrow.
    outgoing: String,
}

impl Callers {
    pub(super) fn at(submission: &Submission) -> Self {
        let world = World::reaching(submission).with("POSTROOM_METRICS_TOKEN", METRICS);
        world.add_user("alice");
        world.add_user("bob");
        add_account(&world, submission);
        let scopes = [READING, "mail:draft"].join(" ");
        let sender = world.new_token("sender", "mail:draft mail:send");
        let right = world.new_token("right", &scopes);
        let narrow = world.new_token("narrow", "mail:folders");
        let over = world.new_token("over", &scopes);
        assert_eq!(world.run(&["token", "revoke", "over", "--user", "alice"]).status, 0);
        let said = world.run(&["token", "new", "--user", "bob", "--name", "bob's", "--scopes", &scopes]);
        let bobs = said.stdout.split_whitespace().last().unwrap().to_owned();
        let serving = world.serve();
        let port = serving.port;
        let alice = Surfer::signed_in(port, "alice", PASSWORD);
        let bob = Surfer::signed_in(port, "bob", PASSWORD);
        let ended = Surfer::signed_in(port, "alice", PASSWORD);
        let kept = ended.clone();
        let csrf = ended.csrf("/settings");
        assert_eq!(ended.post("/logout", &[("csrf", &csrf)]).status, 303);
        let mut agent = McpHttp::connect(port, &right).unwrap();
        let session = agent.session().unwrap().to_owned();
        let file = file_of(&mut agent);
        let outgoing = outgoing_of(&mut McpHttp::connect(port, &sender).unwrap());
        let (client, tokens) = connecting::connect(port, &alice, &["mail:folders"]);
        let page = alice.get("/agents").body;
        let agent = page
            .split("href=\"/agents/")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().to_owned())
            .find(|id| alice.get(&format!("/agents/{id}")).body.contains("/families/"))
            .unwrap();
        let page = alice.get(&format!("/agents/{agent}")).body;
        let family = page.split("/families/").nth(1).unwrap().split('/').next().unwrap().to_owned();
        let csrf = alice.csrf("/admin");
        let page = alice.post("/admin/invitations", &[("csrf", &csrf)]).body;
        let invitation: String = page
            .split("/invite/")
            .nth(1)
            .unwrap()
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '_')
            .collect();
        let approval = waiting(&world, 1, APPROVAL).to_string();
        Self {
            approval,
            _world: world,
            serving,
            alice,
            bob,
            ended: kept,
            bearers: [right, bobs, narrow, over],
            session,
            client,
            refresh: tokens["refresh_token"].as_str().unwrap().to_owned(),
            file,
            agent,
            family,
            invitation,
            outgoing,
        }
    }

    /// Has a caller ask for a route of the table.
    pub(super) fn ask(&self, caller: Caller, method: &str, route: &str) -> Response {
        let port = self.serving.port;
        let path = self.path(caller, route);
        match route {
            "/mcp" => self.call(caller),
            "/files" => {
                let bearer = self.bearer(caller);
                let headers = [("Authorization", bearer.as_str()), ("Content-Type", "text/plain")];
                request(port, "POST", "/files?name=a.txt", &headers, "a file").unwrap()
            }
            "/metrics" => {
                let bearer =
                    if caller == Caller::Right { format!("Bearer {METRICS}") } else { self.bearer(caller) };
                request(port, "GET", &path, &[("Authorization", &bearer)], "").unwrap()
            }
            "/oauth/register" => {
                let body = json!({ "client_name": "x", "redirect_uris": ["https://x.example.org/callback"] });
                let headers = [("Content-Type", "application/json")];
                request(port, "POST", &path, &headers, &body.to_string()).unwrap()
            }
            "/oauth/token" | "/oauth/revoke" => self.exchange(caller, route),
            _ if method == "get" => self
                .surfer(caller)
                .map_or_else(|| self.with_bearer(caller, "GET", &path, ""), |surfer| surfer.get(&path)),
            _ => self.post(caller, route, &path),
        }
    }

    /// Has alice post a form of what is hers, with those fields.
    pub(super) fn submit_as_alice(&self, route: &str, fields: &[(&str, &str)]) -> Response {
        let csrf = self.alice.csrf("/settings");
        let fields = [&[("csrf", csrf.as_str())], fields].concat();
        self.alice.post(&self.path(Caller::Right, route), &fields)
    }

    /// What alice sees of what is hers.
    pub(super) fn shown_to_alice(&self, route: &str) -> String {
        self.alice.get(&self.path(Caller::Right, route)).body
    }

    /// Whose browser it is; an agent has none.
    fn surfer(&self, caller: Caller) -> Option<&Surfer> {
        match caller {
            Caller::Nobody | Caller::Narrow => None,
            Caller::Stranger => Some(&self.bob),
            Caller::Over => Some(&self.ended),
            Caller::Right => Some(&self.alice),
        }
    }

    fn bearer(&self, caller: Caller) -> String {
        let [right, bobs, narrow, over] = &self.bearers;
        match caller {
            Caller::Nobody => String::new(),
            Caller::Stranger => format!("Bearer {bobs}"),
            Caller::Narrow => format!("Bearer {narrow}"),
            Caller::Over => format!("Bearer {over}"),
            Caller::Right => format!("Bearer {right}"),
        }
    }

    fn with_bearer(&self, caller: Caller, method: &str, path: &str, body: &str) -> Response {
        let bearer = self.bearer(caller);
        let headers = [
            ("Accept", "text/html"),
            ("Authorization", bearer.as_str()),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        request(self.serving.port, method, path, &headers, body).unwrap()
    }

    /// The path of a route, with what is alice's in it.
    fn path(&self, caller: Caller, route: &str) -> String {
        let right = |text: &str| if caller == Caller::Right { text.to_owned() } else { "x".repeat(43) };
        match route {
            "/consent/{id}" => connecting::ask(&self.alice, &self.client, ""),
            "/oauth/authorize" => authorize(&self.client, ""),
            "/admin/people/{name}" => "/admin/people/bob".to_owned(),
            "/static/{name}" => {
                let page = Surfer::new(self.serving.port).get("/login").body;
                let rest = page.split("\"/static/").nth(1).unwrap();
                format!("/static/{}", rest.split('"').next().unwrap())
            }
            _ if route.starts_with("/approvals/") => {
                route.replace("{id}", &self.approval).replace("{number}", "1")
            }
            _ if route.starts_with("/outbox/") => route.replace("{id}", &self.outgoing),
            _ => route
                .replace("{name}", "home")
                .replace("{id}", &self.agent)
                .replace("{family}", &self.family)
                .replace("{code}", &right(&self.invitation))
                .replace("{token}", &right(&self.file)),
        }
    }

    /// A tool that `narrow` may not call, in a session of alice's agent.
    fn call(&self, caller: Caller) -> Response {
        let body = json!({
            "jsonrpc": "2.0", "id": 7, "method": "tools/call",
            "params": { "name": "mail_search", "arguments": {} },
        });
        let bearer = self.bearer(caller);
        let mut headers = vec![
            ("Content-Type", "application/json"),
            ("Accept", "application/json, text/event-stream"),
            ("MCP-Protocol-Version", "2025-11-25"),
            ("Authorization", bearer.as_str()),
        ];
        // a session of its own, since the check of scopes comes after that of sessions
        let narrow = McpHttp::connect(self.serving.port, &self.bearers[2]).unwrap();
        let session = if caller == Caller::Narrow { narrow.session().unwrap() } else { &self.session };
        headers.push(("Mcp-Session-Id", session));
        request(self.serving.port, "POST", "/mcp", &headers, &body.to_string()).unwrap()
    }

    /// Tokens belong to whoever holds them: only the right client has them.
    fn exchange(&self, caller: Caller, route: &str) -> Response {
        let is_right = caller == Caller::Right;
        let refresh = if is_right { &self.refresh } else { "prmr_unknown" };
        let client = if is_right { &self.client } else { "unknown" };
        let body = if route == "/oauth/token" {
            format!("grant_type=refresh_token&refresh_token={refresh}&client_id={client}")
        } else if is_right {
            format!("token={refresh}&client_id={client}")
        } else {
            format!("token={refresh}")
        };
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        request(self.serving.port, "POST", route, &headers, &body).unwrap()
    }

    /// Posts a form with what the route wants at least, and with a token of the caller's own session.
    fn post(&self, caller: Caller, route: &str, path: &str) -> Response {
        let is_sign_in = matches!(route, "/login" | "/login/passkey" | "/login/passkey/begin");
        let is_for_visitors = is_sign_in || matches!(route, "/setup" | "/invite/{code}");
        let Some(surfer) = self.surfer(caller) else {
            return self.with_bearer(caller, "POST", path, "name=x");
        };
        let visitor = Surfer::new(self.serving.port);
        let is_visitor = is_for_visitors && caller == Caller::Right;
        let surfer = if is_visitor { &visitor } else { surfer };
        let form = if is_sign_in { "/login" } else { path };
        let csrf = surfer.csrf(if is_visitor { form } else { "/settings" });
        let mut fields = vec![("csrf", csrf.as_str())];
        fields.extend_from_slice(match route {
            "/login" => &[("name", "alice"), ("password", PASSWORD)],
            "/setup" | "/invite/{code}" => &[("name", "carol"), ("password", PASSWORD)],
            "/consent/{id}" => &[("answer", "refuse")],
            "/accounts/new/provider" => &[("address", "alice@example.org")],
            "/settings/password" => &[("old", "wrong"), ("password", PASSWORD)],
            "/settings/sessions/end" => &[("session", "unknown")],
            route if route.starts_with("/admin/users/") => &[("name", "bob")],
            _ => &[],
        });
        surfer.post(path, &fields)
    }
}

/// A link to the first attachment there is.
fn file_of(agent: &mut McpHttp) -> String {
    let found = agent.call("mail_search", &json!({ "query": "has:attachment", "limit": 1 })).unwrap();
    let id = found.structured()["messages"][0]["id"].clone();
    let link = agent.call("mail_attachment", &json!({ "id": id, "index": 1, "as": "link" })).unwrap();
    let url = link.structured()["url"].as_str().unwrap_or_else(|| panic!("{}", link.text())).to_owned();
    url.rsplit('/').next().unwrap().to_owned()
}

/// The id of a message to alice herself that is to leave tomorrow.
fn outgoing_of(agent: &mut McpHttp) -> String {
    let letter =
        json!({ "to": ["alice@example.org"], "subject": "Later", "body": "x", "send_at": in_a_day() });
    let told = agent.call("mail_send", &letter).unwrap();
    told.structured()["undo"].as_str().unwrap_or_else(|| panic!("{}", told.text())).to_owned()
}

/// Adds alice's mailbox, which can send.
fn add_account(world: &World, submission: &Submission) {
    let (imap, smtp) = (submission.imaps_port().to_string(), submission.tls_port().to_string());
    let host = submission.host();
    let arguments = [
        &["account", "add", "alice@example.org", "--user", "alice", "--name", "home"][..],
        &["--imap-host", host, "--imap-port", &imap, "--imap-user", "alice"],
        &["--smtp-host", host, "--smtp-port", &smtp, "--smtp-user", "alice", "--password-stdin"],
    ];
    let said = world.run_with(&arguments.concat(), &format!("{MAIL_PASSWORD}\n"));
    assert_eq!(said.status, 0, "{said:?}");
}
