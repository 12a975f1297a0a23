//! Attachments over HTTP, for whoever has a link: what is sent, what is not, and when it ends.

use std::{sync::atomic::Ordering, time::Duration};

use domain::Code;
use tokio::{io::AsyncReadExt as _, time::timeout};

use super::{
    downloads::{BROKEN, ENDLESS, LONGER, PAGE, PIECE, PROBLEMS, SHORTER, SILENT, TEXT, UNFOUND},
    world::{Answer, Ask, World},
};
use crate::{LinkRefusal, Settings};

fn get(index: usize) -> Ask {
    Ask::new("GET", &format!("/files/all.{index}"))
}

/// What the audit trail has, once it has `count` rows.
async fn outcomes(world: &World, count: usize) -> Vec<String> {
    let recorded = async {
        loop {
            let rows = world.gate.records.lock().unwrap().clone();
            if rows.len() >= count {
                return rows;
            }
            tokio::task::yield_now().await;
        }
    };
    let rows = timeout(Duration::from_secs(20), recorded).await.expect("on record in time");
    for (tool, targets, _) in &rows {
        assert_eq!((tool.as_str(), targets.as_slice()), ("files", &["home/@inbox:1@a".to_owned()][..]));
    }
    rows.into_iter().map(|(.., outcome)| outcome).collect()
}

async fn all_closed(world: &World) {
    let closed = async {
        while world.mail.downloading.load(Ordering::SeqCst) > 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(20), closed).await.expect("every source is let go");
}

fn quick(settings: &mut Settings) {
    settings.download_check = Duration::from_millis(5);
}

fn impatient(settings: &mut Settings) {
    settings.download_idle = Duration::from_millis(50);
}

/// Headers that make a file of whatever it is.
fn assert_harmless(answer: &Answer) {
    for (name, value) in [
        ("content-security-policy", "sandbox; default-src 'none'; frame-ancestors 'none'"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "private, no-store"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{answer:?}");
    }
}

#[tokio::test]
async fn a_file_is_sent_to_whoever_has_its_link_as_a_file_and_nothing_else() {
    let world = World::start().await;
    let answer = world.send(get(TEXT)).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "octets of a file"));
    assert_harmless(&answer);
    assert_eq!(answer.header("content-length"), Some("16"));
    assert_eq!(answer.header("accept-ranges"), Some("bytes"));
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    let named = "attachment; filename=\"plan.txt\"; filename*=UTF-8''plan.txt";
    assert_eq!(answer.header("content-disposition"), Some(named));
    assert_eq!(outcomes(&world, 1).await, ["ok"]);
    assert_eq!(*world.gate.sizes.lock().unwrap(), [Some(16)]);
    all_closed(&world).await;
}

#[tokio::test]
async fn a_page_is_no_page_of_ours_and_a_file_of_unknown_size_is_sent_whole() {
    let world = World::start().await;
    let answer = world.send(get(PAGE).header("range", "bytes=3-4")).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "<script>alert(1)</script>"));
    assert_harmless(&answer);
    assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
    assert_eq!((answer.header("content-length"), answer.header("accept-ranges")), (None, Some("none")));
    let named = "attachment; filename=\"_bersicht _neu_.html\"; filename*=UTF-8''%C3%9Cbersicht%20_neu_.html";
    assert_eq!(answer.header("content-disposition"), Some(named));
}

#[tokio::test]
async fn head_tells_all_about_a_file_and_sends_nothing_of_it() {
    let world = World::start().await;
    let answer = world.send(Ask::new("HEAD", &format!("/files/all.{ENDLESS}"))).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(answer.header("content-length"), Some((1_u64 << 40).to_string().as_str()));
    assert_eq!(answer.header("content-type"), Some("image/png"));
    assert_harmless(&answer);
    assert_eq!(outcomes(&world, 1).await, ["ok"]);
    all_closed(&world).await;
}

#[tokio::test]
async fn a_file_is_looked_for_once_and_fetched_only_if_it_is_sent() {
    let world = World::start().await;
    let counts = || (world.mail.found.load(Ordering::SeqCst), world.mail.begun.load(Ordering::SeqCst));
    world.send(Ask::new("HEAD", &format!("/files/all.{TEXT}"))).await;
    assert_eq!(counts(), (1, 0));
    assert_eq!(world.send(get(TEXT).header("range", "bytes=16-")).await.status, 416);
    assert_eq!(counts(), (2, 0));
    assert_eq!(world.send(get(TEXT).header("range", "bytes=7-8")).await.body, "of");
    assert_eq!(counts(), (3, 1));
}

#[tokio::test]
async fn one_range_of_a_file_is_sent_as_asked_for() {
    let world = World::start().await;
    for (range, told, body) in [
        ("bytes=0-5", "bytes 0-5/16", "octets"),
        ("bytes=12-", "bytes 12-15/16", "file"),
        ("bytes=7-8", "bytes 7-8/16", "of"),
        ("bytes=-4", "bytes 12-15/16", "file"),
        ("bytes=0-999", "bytes 0-15/16", "octets of a file"),
    ] {
        let answer = world.send(get(TEXT).header("range", range)).await;
        assert_eq!((answer.status, answer.body.as_str()), (206, body), "{range}");
        assert_eq!(answer.header("content-range"), Some(told));
        assert_eq!(answer.header("content-length"), Some(body.len().to_string().as_str()));
        assert_harmless(&answer);
    }
    let behind = world.send(get(TEXT).header("range", "bytes=16-")).await;
    assert_eq!((behind.status, behind.header("content-range")), (416, Some("bytes */16")));
    assert_harmless(&behind);
    for (name, value) in [("range", "bytes=0-1,4-5"), ("range", "bytes=x"), ("if-range", "\"a\"")] {
        let answer = world.send(get(TEXT).header("range", "bytes=0-1").header(name, value)).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "octets of a file"), "{name}: {value}");
    }
    all_closed(&world).await;
    outcomes(&world, 9).await;
    let sizes = world.gate.sizes.lock().unwrap().iter().flatten().sum::<u64>();
    assert_eq!(sizes, 6 + 4 + 2 + 4 + 16 + 3 * 16, "what was handed over is on record");
}

#[tokio::test]
async fn a_link_that_opens_nothing_says_what_to_do_and_nothing_else() {
    let world = World::start().await;
    for (refusal, status, words) in [
        (LinkRefusal::Invalid, 404, "Ask your agent for a new one"),
        (LinkRefusal::Expired, 410, "expired"),
        (LinkRefusal::Unavailable, 503, "Try again"),
    ] {
        *world.gate.link.lock().unwrap() = Some(refusal);
        let answer = world.send(get(TEXT)).await;
        assert_eq!(answer.status, status);
        assert!(answer.body.contains(words) && !answer.body.contains("all.1"), "{answer:?}");
        assert_harmless(&answer);
    }
    *world.gate.link.lock().unwrap() = None;
    for path in ["/files/", "/files/nonsense", "/files/all.1/more"] {
        assert_eq!(world.send(Ask::new("GET", path)).await.status, 404, "{path}");
    }
    for method in ["POST", "PUT", "DELETE"] {
        assert_eq!(world.send(Ask::new(method, "/files/all.1")).await.status, 405, "{method}");
    }
    assert!(world.gate.records.lock().unwrap().is_empty(), "there is nobody to record it for");
}

#[tokio::test]
async fn a_file_that_cannot_be_had_is_told_without_a_word_about_the_account() {
    let world = World::start().await;
    for (number, code) in Code::ALL.iter().enumerate() {
        let answer = world.send(get(PROBLEMS + number)).await;
        let status = match code {
            Code::RateLimited => 429,
            Code::Timeout => 504,
            Code::AccountAuthFailed
            | Code::AccountUnreachable
            | Code::TlsFailed
            | Code::ServerRefused
            | Code::NotSupported
            | Code::TooLarge => 502,
            Code::OutsideGrant => 403,
            Code::Internal => 500,
            _ => 404,
        };
        assert_eq!(answer.status, status, "{code}");
        assert_eq!(answer.body.contains("r-42"), *code == Code::Internal, "{answer:?}");
        assert!(!answer.body.contains("home") && answer.body.ends_with(".\n"), "{answer:?}");
        assert_harmless(&answer);
        assert_eq!(outcomes(&world, number + 1).await[number], code.as_str());
    }
}

#[tokio::test]
async fn a_download_counts_as_a_call() {
    let world = World::start().await;
    world.gate.wait.store(9, Ordering::Relaxed);
    let answer = world.send(get(TEXT)).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("9")));
    assert_eq!(outcomes(&world, 1).await, ["rate_limited"]);
}

#[tokio::test]
async fn a_grant_has_so_many_downloads_at_once_and_others_have_their_own() {
    let world = World::with(|settings| settings.downloads_per_grant = 2).await;
    let (first, _second) = (endless(&world).await, endless(&world).await);
    let refused = world.send(get(TEXT)).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("30")), "{refused:?}");
    assert_eq!(outcomes(&world, 1).await, ["rate_limited"]);
    assert_eq!(world.send(Ask::new("GET", &format!("/files/other.{TEXT}"))).await.status, 200);
    assert_eq!(outcomes(&world, 2).await[1], "ok");
    drop(first);
    assert_eq!(outcomes(&world, 3).await[2], "cancelled");
    assert_eq!(world.send(get(TEXT)).await.status, 200);
}

#[tokio::test]
async fn a_download_ends_after_so_long_however_it_moves() {
    let world = World::with(|settings| settings.download_longest = Duration::from_millis(50)).await;
    read_to_early_end(endless(&world).await).await;
    assert_eq!(outcomes(&world, 1).await, ["timeout"]);
    all_closed(&world).await;
}

#[tokio::test]
async fn foreign_hosts_and_origins_get_no_file() {
    let world = World::start().await;
    assert_eq!(world.send(get(TEXT).header("host", "evil.example")).await.status, 403);
    assert_eq!(world.send(get(TEXT).header("origin", "https://evil.example")).await.status, 403);
}

/// A download that goes on until something ends it; the first piece is taken.
async fn endless(world: &World) -> tokio::net::TcpStream {
    let mut stream = world.begin(&get(ENDLESS)).await;
    stream.read_exact(&mut vec![0; PIECE]).await.unwrap();
    stream
}

/// Reads to the end, which comes before the whole file has.
async fn read_to_early_end(mut stream: tokio::net::TcpStream) {
    let mut buffer = vec![0; PIECE];
    let reading = async { while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {} };
    timeout(Duration::from_secs(20), reading).await.expect("an end");
}

#[tokio::test]
async fn a_running_download_ends_when_its_grant_does_taken_or_not() {
    let world = World::with(quick).await;
    let (taken, stalled) = (endless(&world).await, endless(&world).await);
    let reading = tokio::spawn(read_to_early_end(taken));
    while world.gate.looks.load(Ordering::SeqCst) < 4 {
        tokio::task::yield_now().await;
    }
    assert!(!reading.is_finished(), "it runs as long as its grant stands");
    *world.gate.link.lock().unwrap() = Some(LinkRefusal::Invalid);
    all_closed(&world).await;
    reading.await.unwrap();
    read_to_early_end(stalled).await;
    assert_eq!(outcomes(&world, 2).await, ["revoked", "revoked"]);
}

#[tokio::test]
async fn nobody_waits_for_a_file_longer_than_its_grant_or_than_a_call_may_take() {
    let world = World::with(quick).await;
    *world.gate.ends_after.lock().unwrap() = Some(3);
    assert_eq!(world.send(get(UNFOUND)).await.status, 404);
    assert_eq!(outcomes(&world, 1).await, ["not_found"]);
    let world = World::with(|settings| settings.deadline = Duration::from_millis(50)).await;
    assert_eq!(world.send(get(UNFOUND)).await.status, 504);
    assert_eq!(outcomes(&world, 1).await, ["timeout"]);
}

#[tokio::test]
async fn a_download_that_cannot_be_checked_ends_too() {
    let world = World::with(quick).await;
    let taken = endless(&world).await;
    *world.gate.link.lock().unwrap() = Some(LinkRefusal::Unavailable);
    read_to_early_end(taken).await;
    assert_eq!(outcomes(&world, 1).await, ["revoked"]);
}

#[tokio::test]
async fn a_download_ends_with_whoever_takes_it() {
    let world = World::start().await;
    drop(endless(&world).await);
    assert_eq!(outcomes(&world, 1).await, ["cancelled"]);
    all_closed(&world).await;
}

#[tokio::test]
async fn a_download_that_nobody_takes_ends_and_lets_its_source_go() {
    let world = World::with(impatient).await;
    let _stalled = endless(&world).await;
    assert_eq!(outcomes(&world, 1).await, ["timeout"]);
    all_closed(&world).await;
}

#[tokio::test]
async fn the_end_of_the_server_ends_downloads_and_has_them_on_record() {
    let world = World::start().await;
    let taken = endless(&world).await;
    world.closer.end_downloads().await;
    assert_eq!(world.gate.records.lock().unwrap().len(), 1, "it is on record by then");
    read_to_early_end(taken).await;
    assert_eq!(outcomes(&world, 1).await, ["cancelled"]);
}

/// Everything that came, whole answer or not.
async fn raw(world: &World, index: usize) -> String {
    let mut stream = world.begin(&get(index)).await;
    let mut bytes = Vec::new();
    let _ = timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await.expect("an end");
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_file_that_breaks_off_is_never_taken_for_a_whole_one() {
    let world = World::with(impatient).await;
    for (index, outcome) in [(BROKEN, "account_unreachable"), (SILENT, "timeout")] {
        let came = raw(&world, index).await;
        assert!(came.contains("chunked") && !came.ends_with("0\r\n\r\n"), "{came}");
        assert_eq!(outcomes(&world, 1).await, [outcome]);
        world.gate.records.lock().unwrap().clear();
    }
    let came = raw(&world, SHORTER).await;
    assert!(came.contains("content-length: 400") && came.len() < 700, "{came}");
    assert_eq!(outcomes(&world, 1).await, ["internal"]);
    all_closed(&world).await;
}

#[tokio::test]
async fn no_more_is_sent_than_was_said() {
    let world = World::start().await;
    let came = world.send(get(LONGER)).await;
    assert_eq!((came.status, came.body.as_str()), (200, "1234"));
    assert_eq!(outcomes(&world, 1).await, ["ok"]);
    all_closed(&world).await;
}
