//! The clients that there are steps for, and what they are given: the address, snippets, links that fill in a
//! client's form. The steps in words stand in the template.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use url::Url;

use crate::frame::{encode, is_loopback};

/// A client that there are steps for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guide {
    /// The web application.
    ClaudeAi,
    /// The application of a desktop.
    ClaudeDesktop,
    /// The command line.
    ClaudeCode,
    /// The web application.
    ChatGpt,
    /// The editor.
    Cursor,
    /// The editor.
    VsCode,
    /// Everything else.
    Other,
}

impl Guide {
    /// All of them, as they stand on the page.
    pub(super) const ALL: [Self; 7] = [
        Self::ClaudeAi,
        Self::ClaudeDesktop,
        Self::ClaudeCode,
        Self::ChatGpt,
        Self::Cursor,
        Self::VsCode,
        Self::Other,
    ];

    /// The name in links.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ClaudeAi => "claude-ai",
            Self::ClaudeDesktop => "claude-desktop",
            Self::ClaudeCode => "claude-code",
            Self::ChatGpt => "chatgpt",
            Self::Cursor => "cursor",
            Self::VsCode => "vs-code",
            Self::Other => "other",
        }
    }

    /// The name on its tab.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::ClaudeAi => "Claude.ai",
            Self::ClaudeDesktop => "Claude Desktop",
            Self::ClaudeCode => "Claude Code",
            Self::ChatGpt => "ChatGPT",
            Self::Cursor => "Cursor",
            Self::VsCode => "VS Code",
            Self::Other => "Others",
        }
    }

    /// The client of that name in links.
    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|guide| guide.name() == name)
    }
}

/// What clients are given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addresses {
    /// The address to paste.
    pub(crate) mcp: String,
    /// Whether only programs on the server's own computer reach it.
    pub(crate) is_local: bool,
}

impl Addresses {
    /// Those of the server with that public URL.
    pub(crate) fn of(public_url: &str) -> Self {
        Self {
            mcp: format!("{public_url}/mcp"),
            is_local: Url::parse(public_url).is_ok_and(|url| is_loopback(&url)),
        }
    }

    /// Claude Code's command.
    pub(super) fn claude_code(&self) -> String {
        format!("claude mcp add --transport http postroom {}", self.mcp)
    }

    /// Claude Desktop's file, for a server that only this computer reaches.
    pub(super) fn claude_desktop(&self) -> String {
        pretty(
            &json!({"mcpServers": {"postroom": {"command": "npx", "args": ["-y", "mcp-remote", self.mcp]}}}),
        )
    }

    /// Cursor's `mcp.json`.
    pub(super) fn cursor(&self) -> String {
        pretty(&json!({"mcpServers": {"postroom": {"url": self.mcp}}}))
    }

    /// A link that offers the server to Cursor.
    pub(super) fn cursor_link(&self) -> String {
        let config = STANDARD.encode(json!({"url": self.mcp}).to_string());
        format!("cursor://anysphere.cursor-deeplink/mcp/install?name=postroom&config={}", encode(&config))
    }

    /// VS Code's `mcp.json`.
    pub(super) fn vs_code(&self) -> String {
        pretty(&json!({"servers": {"postroom": {"type": "http", "url": self.mcp}}}))
    }

    /// A link that offers the server to VS Code.
    pub(super) fn vs_code_link(&self) -> String {
        let server = json!({"name": "postroom", "type": "http", "url": self.mcp});
        format!("vscode:mcp/install?{}", encode(&server.to_string()))
    }

    /// Others' `mcp.json`.
    pub(super) fn generic(&self) -> String {
        pretty(&json!({"mcpServers": {"postroom": {"type": "http", "url": self.mcp}}}))
    }

    /// For clients that speak only over stdin and stdout.
    pub(super) fn remote(&self) -> String {
        format!("npx -y mcp-remote {}", self.mcp)
    }
}

fn pretty(json: &serde_json::Value) -> String {
    format!("{json:#}")
}
