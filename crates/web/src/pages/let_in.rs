//! For tests of the pages about agents: people with mailboxes, clients that ask, agents that were let in.

use access::{Asked, AuthMethod, Client, ClientProof, Issued, NewClient, SignedIn};
use domain::{
    AccountName, AccountSettings, Credentials, Endpoint, Scopes, Secret, TlsMode, account::Credential,
};

use crate::world::{Page, Surfer, World};

/// What every form about an agent carries besides scopes and accounts.
pub(crate) const PLAIN: [(&str, &str); 3] =
    [("approval", "new-recipients"), ("place", "page"), ("ending", "never")];

impl World {
    /// Gives a user a mailbox; nobody signs in to it in these tests.
    pub(crate) async fn mailbox(&self, user: &str, name: &str) {
        let server = |port| Endpoint {
            host: "mail.example.org".to_owned(),
            port,
            tls: TlsMode::Tls,
            username: name.to_owned(),
        };
        let settings = AccountSettings {
            address: format!("{name}@example.org"),
            display_name: String::new(),
            imap: server(993),
            smtp: Some(server(465)),
            allowed_folders: Vec::new(),
            signature: String::new(),
            writing_style: String::new(),
        };
        let credentials = Credentials { imap: Credential::Password(Secret::new("secret")), smtp: None };
        let name: AccountName = name.parse().unwrap();
        self.access.account_add(user, &name, &settings, &credentials).await.unwrap();
    }

    /// Registers a client.
    pub(crate) async fn client(&self, name: &str, redirect: &str) -> Client {
        let new = NewClient {
            name: name.to_owned(),
            uri: String::new(),
            redirect_uris: vec![redirect.to_owned()],
            auth_method: AuthMethod::None,
        };
        self.access.client_register(&new).await.unwrap().0
    }

    /// Has a client ask the person in front of a browser; answers the path of the page.
    pub(crate) async fn question(&self, surfer: &Surfer, client: &Client, scopes: Option<&str>) -> String {
        let asked = Asked {
            client: client.id.clone(),
            redirect_uri: client.redirect_uris[0].clone(),
            state: Some("st ate".to_owned()),
            code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned(),
            scopes: scopes.map(|scopes| Scopes::parse(scopes).unwrap()),
            resource: "http://localhost:8143/mcp".to_owned(),
        };
        let id = self.access.consent_ask(&self.who(surfer).await, &asked).await.unwrap();
        format!("/consent/{id}")
    }

    /// What a client does with the answer that it was sent.
    pub(crate) async fn exchange(&self, client: &Client, answer: &Page) -> Issued {
        let redirect = client.redirect_uris[0].as_str();
        let code = answer.location().strip_prefix(&format!("{redirect}?code=")).unwrap_or_default();
        let code = Secret::new(code.split('&').next().unwrap_or_default());
        // the pair of RFC 7636, appendix B
        let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        let proof = ClientProof { client: client.id.clone(), secret: None, method: AuthMethod::None };
        self.access.exchange_code(&code, &verifier, Some(redirect), &proof, None).await.unwrap()
    }

    /// Who is in front of a browser.
    pub(crate) async fn who(&self, surfer: &Surfer) -> SignedIn {
        let cookie = Secret::new(surfer.cookies["postroom"].as_str());
        self.access.signed_in(&cookie).await.unwrap().unwrap()
    }

    /// Lets a client in through the page; answers the path of its own page.
    pub(crate) async fn let_in(&self, surfer: &mut Surfer, name: &str, scopes: &[&str]) -> String {
        let client = self.client(name, "https://agent.example/callback").await;
        let question = self.question(surfer, &client, None).await;
        let answer = allow(surfer, &question, scopes, &["work"]).await;
        self.exchange(&client, &answer).await;
        let agents = self.access.agent_list(&self.who(surfer).await).await.unwrap();
        let agent = agents.iter().find(|agent| agent.grant.label == name).unwrap();
        format!("/agents/{}", agent.grant.id)
    }
}

/// Presses “Allow” with these boxes ticked.
pub(crate) async fn allow(surfer: &mut Surfer, question: &str, scopes: &[&str], accounts: &[&str]) -> Page {
    let mut fields = vec![("answer", "allow")];
    fields.extend(scopes.iter().map(|scope| ("scope", *scope)));
    fields.extend(accounts.iter().map(|account| ("account", *account)));
    fields.extend(PLAIN);
    surfer.submit(question, question, &fields).await
}
