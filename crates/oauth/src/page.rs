//! The one page of this door: what a person is told when a request cannot be answered to its client, because
//! nobody knows where that would go. It holds nothing that the request brought along.

use axum::{
    Router,
    http::{
        HeaderName, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
            X_FRAME_OPTIONS,
        },
    },
    response::{IntoResponse as _, Response},
    routing::get,
};

const STYLE_PATH: &str = "/oauth/page.css";

const STYLE: &str = "\
:root { color-scheme: light dark; --paper: #f4efe4; --sheet: #fffdf8; --ink: #1d2433; --soft: #525a69; --edge: #877d66; --accent: #1f4f8f; --red: #b23a2e; --blue: #1f4f8f; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181f; --sheet: #1c222c; --ink: #ece7db; --soft: #aeb4bf; --edge: #7b8494; --accent: #93bbf2; --red: #c4584b; --blue: #5a8bd0; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.0625rem/1.55 system-ui, sans-serif; }
body::before { content: \"\"; display: block; height: 6px; background: repeating-linear-gradient(-45deg, var(--red) 0 14px, var(--sheet) 14px 28px, var(--blue) 28px 42px, var(--sheet) 42px 56px); }
main { max-width: 30rem; margin: 0 auto; padding: 12vh 1.25rem 3rem; }
h1 { font: 700 1.9rem/1.2 Charter, \"Bitstream Charter\", \"Sitka Text\", Cambria, P052, Georgia, serif; margin: 0 0 1rem; text-wrap: balance; }
p { margin: 0 0 1rem; text-wrap: pretty; }
.why { color: var(--soft); font-size: 0.95rem; }
code { overflow-wrap: anywhere; }
a { display: inline-flex; align-items: center; min-height: 2.75rem; padding: 0 1.1rem; border: 1px solid var(--edge); border-radius: 0.5rem; background: var(--sheet); color: var(--ink); font-weight: 600; text-decoration: none; }
a:hover { border-color: var(--accent); color: var(--accent); }
a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
";

const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Told {
    /// 400, or 503 if it is our fault.
    pub(crate) status: StatusCode,
    /// What happened.
    pub(crate) title: &'static str,
    /// Why, in words for whoever mends the client.
    pub(crate) why: &'static str,
    /// What to do next.
    pub(crate) next: &'static str,
}

impl Told {
    /// The page. There is no Location: a person who was sent here by a stranger is not sent on.
    pub(crate) fn page(self) -> Response {
        let Self { status, title, why, next } = self;
        let body = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} · Postroom</title>\n\
             <link rel=\"stylesheet\" href=\"{STYLE_PATH}\">\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n\
             <p>{next}</p>\n<p class=\"why\">For whoever made the agent: {why}.</p>\n\
             <p><a href=\"/\">Go to Postroom</a></p>\n</main>\n</body>\n</html>\n"
        );
        (status, headers("text/html; charset=utf-8", "no-store"), body).into_response()
    }
}

fn headers(kind: &'static str, keep: &'static str) -> [(HeaderName, &'static str); 6] {
    [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, keep),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
    ]
}

/// The style of the page, apart from it: nothing inline is ever allowed.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let style = async || (headers("text/css; charset=utf-8", "max-age=3600"), STYLE);
    Router::new().route(STYLE_PATH, get(style))
}
