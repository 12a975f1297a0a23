//! The files that pages need: style, scripts, icon. A hash in each name lets browsers keep them for good.

use std::{
    io::Write as _,
    sync::{LazyLock, OnceLock},
};

use axum::{
    Router,
    extract::Path,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY},
    },
    response::{IntoResponse as _, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};

use super::{error::Error, site::Site};

/// One file, under the name that templates use.
struct File {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
    /// Its path with a hash of its bytes.
    path: String,
    /// That hash, quoted.
    etag: String,
    packed: OnceLock<Vec<u8>>,
}

static FILES: LazyLock<Vec<File>> = LazyLock::new(|| {
    let js = "text/javascript; charset=utf-8";
    vec![
        File::new("postroom.css", "text/css; charset=utf-8", include_bytes!("../../static/postroom.css")),
        File::new("postroom.js", js, include_bytes!("../../static/postroom.js")),
        File::new("passkey.js", js, include_bytes!("../../static/passkey.js")),
        File::new("htmx.js", js, include_bytes!("../../static/htmx.min.js")),
        File::new("icon.svg", "image/svg+xml", include_bytes!("../../static/icon.svg")),
    ]
});

impl File {
    fn new(name: &'static str, kind: &'static str, bytes: &'static [u8]) -> Self {
        let hash = URL_SAFE_NO_PAD.encode(&Sha256::digest(bytes)[..9]);
        let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
        let path = format!("/static/{stem}.{hash}.{ending}");
        Self { name, kind, bytes, path, etag: format!("\"{hash}\""), packed: OnceLock::new() }
    }

    fn packed(&self) -> &[u8] {
        self.packed.get_or_init(|| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            // writing to memory does not fail; if it did, the browser would get the plain file
            if encoder.write_all(self.bytes).is_err() {
                return Vec::new();
            }
            encoder.finish().unwrap_or_default()
        })
    }
}

/// The path of the file of that name; empty for a name that no file has.
pub(super) fn path(name: &str) -> &'static str {
    FILES.iter().find(|file| file.name == name).map_or("", |file| &file.path)
}

/// The files, and the icon where browsers look for it unasked.
pub(super) fn routes() -> Router<Site> {
    Router::new().route("/static/{name}", get(file)).route("/favicon.ico", get(icon))
}

async fn file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let found = FILES.iter().find(|file| file.path.strip_prefix("/static/") == Some(&name));
    match found {
        Some(file) => answer(file, &headers, "public, max-age=31536000, immutable"),
        None => Error::NotFound.into_response(),
    }
}

async fn icon(headers: HeaderMap) -> Response {
    match FILES.iter().find(|file| file.name == "icon.svg") {
        Some(file) => answer(file, &headers, "public, max-age=86400"),
        None => Error::NotFound.into_response(),
    }
}

fn answer(file: &'static File, headers: &HeaderMap, cache: &'static str) -> Response {
    let told = [(CACHE_CONTROL, cache), (VARY, "accept-encoding"), (ETAG, file.etag.as_str())];
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == file.etag) {
        return (StatusCode::NOT_MODIFIED, told).into_response();
    }
    let kind = [(CONTENT_TYPE, HeaderValue::from_static(file.kind))];
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accepted.split(',').any(|one| one.trim() == "gzip") && !file.packed().is_empty() {
        return (told, kind, [(CONTENT_ENCODING, "gzip")], file.packed()).into_response();
    }
    (told, kind, file.bytes).into_response()
}
