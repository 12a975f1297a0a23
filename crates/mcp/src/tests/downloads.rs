//! The attachments of the scripted message, by their index.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::body::Bytes;
use domain::{Code, Problem};
use engine::attachment::Download;
use futures_util::{
    StreamExt as _, TryStreamExt as _,
    stream::{self, BoxStream},
};

/// Sixteen octets of text whose size is known.
pub(super) const TEXT: usize = 1;
/// A page of HTML whose size is not known, in three pieces.
pub(super) const PAGE: usize = 2;
/// A picture that never ends, of known size.
pub(super) const ENDLESS: usize = 3;
/// One that breaks off after its first piece.
pub(super) const BROKEN: usize = 4;
/// One that never comes after its first piece.
pub(super) const SILENT: usize = 5;
/// One that is longer than it was said to be.
pub(super) const LONGER: usize = 6;
/// One that is shorter than it was said to be.
pub(super) const SHORTER: usize = 7;
/// One that the mail server never finds.
pub(super) const UNFOUND: usize = 8;
/// One whose second half comes when the time of a hasty call is over.
pub(super) const SLOW: usize = 9;
/// From here on, the problem of that code.
pub(super) const PROBLEMS: usize = 100;

/// How long a hasty call may take.
pub(super) const DEADLINE: Duration = Duration::from_secs(2);

pub(super) const PIECE: usize = 64 * 1024;

/// Counts a download until it is dropped.
struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

pub(super) fn scripted(
    index: usize,
    open: &Arc<AtomicUsize>,
    begun: &Arc<AtomicUsize>,
) -> Result<Download, Problem> {
    let ready = |pieces: Vec<&'static [u8]>| {
        stream::iter(pieces.into_iter().map(|piece| Ok(Bytes::from_static(piece)))).boxed()
    };
    let (name, media_type, size, body): (_, _, _, BoxStream<'static, Result<Bytes, Problem>>) = match index {
        TEXT => ("plan.txt", "text/plain; charset=utf-8", Some(16), ready(vec![b"octets of a file"])),
        PAGE => {
            ("Übersicht \"neu\".html", "text/html", None, ready(vec![b"<script>", b"alert(1)", b"</script>"]))
        }
        ENDLESS => {
            let piece = Bytes::from(vec![b'x'; PIECE]);
            (
                "endless.png",
                "image/PNG",
                Some(1 << 40),
                stream::repeat_with(move || Ok(piece.clone())).boxed(),
            )
        }
        BROKEN => {
            let broken = Err(Problem::new(Code::AccountUnreachable, "The connection broke."));
            let pieces = stream::iter([Ok(Bytes::from_static(b"first")), broken]);
            ("broken.pdf", "application/pdf", None, pieces.boxed())
        }
        SILENT => {
            let first = stream::iter([Ok(Bytes::from_static(b"first"))]);
            ("silent.pdf", "application/pdf", None, first.chain(stream::pending()).boxed())
        }
        SLOW => {
            let late = stream::once(async {
                tokio::time::sleep(DEADLINE).await;
                Ok(Bytes::from_static(b" half"))
            });
            let pieces = stream::iter([Ok(Bytes::from_static(b"first"))]).chain(late);
            ("slow.txt", "text/plain", None, pieces.boxed())
        }
        LONGER => ("longer.txt", "text/plain", Some(4), ready(vec![b"12", b"345", b"6"])),
        SHORTER => ("shorter.txt", "text/plain", Some(400), ready(vec![b"12", b"345"])),
        other => {
            let code = Code::ALL.get(other - PROBLEMS).copied().unwrap_or(Code::NotFound);
            return Err(Problem::new(code, "Words that are for the agent: `home`.").retry_after(7));
        }
    };
    let (open, begun) = (Arc::clone(open), Arc::clone(begun));
    let octets = move |from| {
        begun.fetch_add(1, Ordering::SeqCst);
        open.fetch_add(1, Ordering::SeqCst);
        let held = Open(open);
        let mut skip = usize::try_from(from).unwrap();
        let rest = body.map_ok(move |mut piece| {
            let _ = &held;
            let skipped = skip.min(piece.len());
            skip -= skipped;
            piece.split_off(skipped)
        });
        rest.boxed()
    };
    Ok(Download {
        id: "home/@inbox:1@a".parse().unwrap(),
        name: name.into(),
        media_type: media_type.into(),
        size,
        listed_size: 24,
        octets: Box::new(octets),
    })
}
