//! What the operator decides about this door.

use std::{sync::Arc, time::Duration};

use url::{Host, Url};

use crate::files::Directory;

/// Settings of the door, all bounds included, so that a test can lower them.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The URL that people paste, without `/mcp` and without a trailing slash.
    pub(crate) public_url: String,
    /// Whether the public URL is also an authorization server, which clients are then sent to.
    pub has_authorization_server: bool,
    /// Host names, or `host:port`, that requests may be addressed to.
    pub allowed_hosts: Vec<String>,
    /// Origins that browsers may come from: `https://host` with the port where it is not the scheme's.
    pub allowed_origins: Vec<String>,
    /// Octets of one request body.
    pub max_body: usize,
    /// How long one tool call may take.
    pub deadline: Duration,
    /// Sessions of the older protocol that one grant may hold; the oldest is ended for a new one.
    pub sessions_per_grant: usize,
    /// How long an unused session of the older protocol is kept.
    pub session_idle: Duration,
    /// How often the grant of a running call is looked at.
    pub grant_check: Duration,
    /// How often the grant of a running download is looked at.
    pub download_check: Duration,
    /// How long a download may stand still.
    pub download_idle: Duration,
    /// How long a download may take in all.
    pub download_longest: Duration,
    /// Downloads that one grant may have at once.
    pub downloads_per_grant: usize,
    /// Octets of a file that is uploaded.
    pub max_upload: u64,
    /// Uploads that one grant may have at once.
    pub uploads_per_grant: usize,
    /// How long a person is waited for who is asked in the middle of a call.
    pub question_wait: Duration,
    /// How long a question may be answered that the client brings back in another call.
    pub question_ttl: Duration,
    /// How long a call waits for what a person does on a page that their client opened for them.
    pub page_wait: Duration,
    /// Where a local process writes attachments, and attaches files from; over HTTP there are links instead.
    pub files_directory: Option<Arc<Directory>>,
}

/// The public URL cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the public URL must be http or https with a host, without query or fragment")]
pub struct InvalidSettings;

impl Settings {
    /// Settings with their defaults for a public URL. Its own host and origin are allowed; a loopback
    /// one goes by all three of its names.
    pub fn new(public_url: &str) -> Result<Self, InvalidSettings> {
        let url = Url::parse(public_url).map_err(|_| InvalidSettings)?;
        let host = url.host().ok_or(InvalidSettings)?.to_owned();
        if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidSettings);
        }
        let is_loopback = match &host {
            Host::Domain(name) => *name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        let mut hosts = vec![host.to_string()];
        if is_loopback {
            hosts.extend(["localhost", "127.0.0.1", "[::1]"].map(str::to_owned));
            hosts.sort();
            hosts.dedup();
        }
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let origins = hosts.iter().map(|host| format!("{}://{host}{port}", url.scheme())).collect();
        // On loopback any port may have been mapped to ours; a name is what rebinding attacks lack.
        let hosts = hosts.into_iter().map(|host| if is_loopback { host } else { format!("{host}{port}") });
        Ok(Self {
            public_url: public_url.trim_end_matches('/').to_owned(),
            has_authorization_server: false,
            allowed_hosts: hosts.collect(),
            allowed_origins: origins,
            max_body: 32 << 20,
            deadline: Duration::from_secs(90),
            sessions_per_grant: 32,
            session_idle: Duration::from_hours(1),
            grant_check: Duration::from_millis(500),
            download_check: Duration::from_millis(500),
            download_idle: Duration::from_mins(1),
            download_longest: Duration::from_hours(1),
            downloads_per_grant: 8,
            max_upload: 25_000_000,
            uploads_per_grant: 4,
            question_wait: Duration::from_mins(4),
            question_ttl: Duration::from_mins(30),
            page_wait: Duration::from_secs(45),
            files_directory: None,
        })
    }

    /// The URL that people paste into their client: `PUBLIC_URL/mcp`.
    pub fn resource(&self) -> String {
        format!("{}/mcp", self.public_url)
    }

    /// What links to attachments begin with: `PUBLIC_URL/files/`.
    pub(crate) fn files(&self) -> String {
        format!("{}/files/", self.public_url)
    }

    /// Where the metadata of RFC 9728 is.
    pub fn resource_metadata(&self) -> String {
        format!("{}/.well-known/oauth-protected-resource/mcp", self.public_url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loopback_url_goes_by_all_its_names() {
        let settings = Settings::new("http://localhost:8143/").unwrap();
        assert_eq!(settings.resource(), "http://localhost:8143/mcp");
        assert_eq!(settings.allowed_hosts, ["127.0.0.1", "[::1]", "localhost"]);
        assert!(settings.allowed_origins.contains(&"http://[::1]:8143".to_owned()));
        let by_address = Settings::new("http://127.0.0.1:8143").unwrap();
        assert_eq!(by_address.allowed_origins, settings.allowed_origins);
    }

    #[test]
    fn a_public_url_goes_by_its_own_name_only() {
        let settings = Settings::new("https://mail.example.org").unwrap();
        assert_eq!(settings.allowed_hosts, ["mail.example.org"]);
        assert_eq!(settings.allowed_origins, ["https://mail.example.org"]);
        for bad in ["", "mail.example.org", "ftp://x", "https://x/?a=b"] {
            assert_eq!(Settings::new(bad).err(), Some(InvalidSettings), "{bad}");
        }
    }
}
