//! A client's way to its tokens, step by step, as tests of consent, exchange and agents take it.

use access::{Access, Asked, AuthMethod, Choice, ClientProof, Issued, Settings, SignedIn, TokenRefusal};
use domain::{ClientId, Clock, GrantedAccounts, Limits, Scopes, Secret, WebSessionId};
use sha2::{Digest, Sha256};
use storage::NewClientRow;

use crate::world::{World, person};

/// The verifier and the challenge of RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const REDIRECT: &str = "https://agent.example/cb?from=a%2Fb";
pub(crate) const RESOURCE: &str = "http://localhost:8143/mcp";

/// Ann, who has two accounts, at a server that knows one public client.
pub(crate) struct Dance {
    pub(crate) world: World,
    pub(crate) access: Access,
    pub(crate) ann: SignedIn,
    pub(crate) client: ClientId,
}

impl Dance {
    pub(crate) async fn new() -> Self {
        Self::with(&Settings::default()).await
    }

    pub(crate) async fn with(settings: &Settings) -> Self {
        let world = World::new();
        let access = world.access_with(settings).await;
        person(&access, "ann", &["work", "home"]).await;
        let client = client(&world, "Agent", None).await;
        Self { ann: signed_in(&world, &access, "ann").await, world, access, client }
    }

    pub(crate) fn proof(&self) -> ClientProof {
        public(&self.client)
    }

    /// What the client asks for; `scopes` as in a request, nothing for all.
    pub(crate) fn asked(&self, scopes: &str) -> Asked {
        asked(&self.client, scopes)
    }

    /// A code that Ann gave for what was asked, all of it ticked.
    pub(crate) async fn code(&self, scopes: &str) -> Secret {
        code(&self.access, &self.ann, &self.asked(scopes)).await
    }

    /// Tokens for what was asked, all of it ticked.
    pub(crate) async fn connected(&self, scopes: &str) -> Issued {
        let code = self.code(scopes).await;
        self.exchange(&code).await.unwrap()
    }

    pub(crate) async fn exchange(&self, code: &Secret) -> Result<Issued, TokenRefusal> {
        exchange(&self.access, code, &self.proof()).await
    }

    pub(crate) async fn refresh(&self, refresh: &Secret) -> Result<Issued, TokenRefusal> {
        self.access.exchange_refresh(refresh, &self.proof(), None, None).await
    }

    /// What the bearer lets in, or why it does not.
    pub(crate) async fn may(&self, issued: &Issued) -> Result<Scopes, &'static str> {
        let principal = self.access.principal(issued.access.expose()).await;
        principal.map(|principal| principal.scopes).map_err(|refusal| refusal.reason())
    }
}

pub(crate) async fn exchange(
    access: &Access,
    code: &Secret,
    proof: &ClientProof,
) -> Result<Issued, TokenRefusal> {
    access.exchange_code(code, &Secret::new(VERIFIER), Some(REDIRECT), proof, Some(RESOURCE)).await
}

pub(crate) async fn signed_in(world: &World, access: &Access, user: &str) -> SignedIn {
    let user = access.user_list().await.unwrap().into_iter().find(|found| found.name == user).unwrap();
    SignedIn {
        user,
        session: WebSessionId::from_text("wse_1"),
        csrf: Secret::new("csrf"),
        proven: world.clock.now(),
        proven_for: String::new(),
    }
}

/// A client that registered, with a secret or without.
pub(crate) async fn client(world: &World, name: &str, secret: Option<&str>) -> ClientId {
    let new = NewClientRow {
        name: name.to_owned(),
        uri: String::new(),
        redirect_uris: vec![REDIRECT.to_owned()],
        redirect_host: "agent.example".to_owned(),
        auth_method: if secret.is_some() { "client_secret_post" } else { "none" },
        secret_hash: secret.map(|secret| Sha256::digest(secret.as_bytes()).into()),
    };
    world.store().await.add_client(&new).await.unwrap().id
}

pub(crate) fn public(client: &ClientId) -> ClientProof {
    ClientProof { client: client.clone(), secret: None, method: AuthMethod::None }
}

pub(crate) fn asked(client: &ClientId, scopes: &str) -> Asked {
    Asked {
        client: client.clone(),
        redirect_uri: REDIRECT.to_owned(),
        state: Some("a state&more=ü".to_owned()),
        code_challenge: CHALLENGE.to_owned(),
        scopes: (!scopes.is_empty()).then(|| Scopes::parse(scopes).unwrap()),
        resource: RESOURCE.to_owned(),
    }
}

/// All accounts, no limits.
pub(crate) fn choice(scopes: &str) -> Choice {
    Choice {
        scopes: Scopes::parse(scopes).unwrap(),
        accounts: GrantedAccounts::All,
        limits: Limits::default(),
        lifetime: None,
    }
}

pub(crate) async fn code(access: &Access, who: &SignedIn, asked: &Asked) -> Secret {
    let id = access.consent_ask(who, asked).await.unwrap();
    let mut all = choice("");
    all.scopes = Scopes::all();
    code_in(&access.consent_give(who, &id, &all).await.unwrap())
}

/// The code in the URL that the browser goes to.
pub(crate) fn code_in(url: &str) -> Secret {
    let (_, rest) = url.split_once("&code=").unwrap();
    Secret::new(rest.split('&').next().unwrap())
}
