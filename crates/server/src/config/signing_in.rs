//! How people and their agents get in.

use access::LoginProvider;
use domain::Secret;
use url::Url;

use super::setting::{List, Seconds, Value, choice, section};
use crate::error::{Error, Result};

section! {
    /// How people and their agents get in.
    #[expect(dead_code, reason = "some are checked only, until what they are for exists")]
    "Signing in" SigningIn {
        /// Ways in beside personal tokens: oauth, sealed, header, oidc. The last three do not exist yet.
        doors: Doors = Plain (default "oauth");
        /// Who may make themselves a user: invite, open, off.
        signup: Signup = Plain (default "invite");
        /// An OpenID provider by which people sign in too: its issuer, as its metadata says it. It leads people back
        /// to `/login/provider/callback` below the public URL.
        login_oidc_issuer: Option<Issuer> = Plain (example "https://id.example.org");
        /// Our client id there.
        login_oidc_client_id: Option<String> = Plain (example "postroom");
        /// Our client secret there; none for a public client.
        login_oidc_client_secret: Option<Secret> = Secret (example "");
        /// The issuer whose tokens the `oidc` door takes.
        oidc_issuer: Option<Url> = Later (example "https://id.example.org");
        /// The audience that such tokens must name.
        oidc_audience: Option<String> = Later (example "https://mail.example.org/mcp");
        /// Where the issuer's keys are, if its metadata does not say it.
        oidc_jwks_uri: Option<Url> = Later (example "https://id.example.org/jwks");
        /// Seconds that an access token lives.
        access_ttl: Seconds = Plain (default "3600");
        /// Seconds that a refresh token lives.
        refresh_ttl: Seconds = Plain (default "2592000");
    }
}

impl SigningIn {
    /// Whether tokens can be used at all: of those that end as they are made, clients would ask for more for ever.
    pub(super) fn check(&self) -> Result<()> {
        for (setting, Seconds(seconds)) in
            [("POSTROOM_ACCESS_TTL", self.access_ttl), ("POSTROOM_REFRESH_TTL", self.refresh_ttl)]
        {
            if seconds == 0 {
                let hint = "Give it the seconds that a token lives, or leave it out.";
                return Err(Error::setting(format!("`{setting}` is 0: no agent could connect"), hint));
            }
        }
        match (&self.login_oidc_issuer, &self.login_oidc_client_id, &self.login_oidc_client_secret) {
            (None, None, None) | (Some(_), Some(_), _) => Ok(()),
            (Some(_), None, _) => {
                let hint =
                    "Register this server with the provider, and give the client id that it has there.";
                let what = "`POSTROOM_LOGIN_OIDC_ISSUER` is set without `POSTROOM_LOGIN_OIDC_CLIENT_ID`";
                Err(Error::setting(what.to_owned(), hint))
            }
            (None, ..) => {
                let what =
                    "the sign-in provider has a client id or secret, and no `POSTROOM_LOGIN_OIDC_ISSUER`";
                Err(Error::setting(what.to_owned(), "Give its issuer, or leave the others out."))
            }
        }
    }

    /// By whom people sign in beside their passwords.
    pub(crate) fn login_provider(&self) -> Option<LoginProvider> {
        Some(LoginProvider {
            issuer: self.login_oidc_issuer.as_ref()?.0.clone(),
            client_id: self.login_oidc_client_id.clone()?,
            client_secret: self.login_oidc_client_secret.clone().filter(|secret| !secret.is_empty()),
        })
    }
}

/// The issuer of an OpenID provider, octet by octet: another spelling of the same URL is another issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issuer(String);

impl Value for Issuer {
    fn parse(text: &Secret) -> Result<Self, String> {
        let text = text.expose();
        let is_issuer = Url::parse(text).is_ok_and(|url| {
            url.scheme() == "https"
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none()
        });
        if is_issuer {
            Ok(Self(text.to_owned()))
        } else {
            Err("expected an https URL without query".to_owned())
        }
    }
}

choice! {
    /// Who may make themselves a user.
    Signup {
        /// Who was invited.
        Invite "invite";
        /// Anybody.
        Open "open";
        /// Nobody.
        Off "off";
    }
}

/// Names of doors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Doors(pub(crate) Vec<String>);

impl Doors {
    /// Those that are named and do not exist yet.
    pub(crate) fn missing(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str).filter(|name| *name != "oauth")
    }

    /// Whether agents get in by our own authorization server.
    pub(crate) fn has_oauth(&self) -> bool {
        self.0.iter().any(|name| name == "oauth")
    }
}

impl Value for Doors {
    const IS_LIST: bool = true;

    fn parse(text: &Secret) -> Result<Self, String> {
        let names = List::parse(text)?.0;
        if names.iter().all(|name| ["oauth", "sealed", "header", "oidc"].contains(&name.as_str())) {
            Ok(Self(names))
        } else {
            Err("expected a list of: `oauth`, `sealed`, `header`, `oidc`".to_owned())
        }
    }
}
