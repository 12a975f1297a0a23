//! The page of activity of a person with a million entries: how long it takes to open, to filter, and to search.

use std::{
    io::Write as _,
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use testkit::McpHttp;

use super::{MANY, World, hosted::Hosted, new_directory, pages::Browser, report::Row, samples::Samples};
use crate::Failure;

const ENTRIES: u32 = 1_000_000;
const OPENS: Duration = Duration::from_millis(20);
const FILTERS: Duration = Duration::from_millis(50);
const SUMS: Duration = Duration::from_millis(5);
const WEIGHT: usize = 60_000;

/// Writes the entries, and looks at them in every way.
pub(super) fn measure(world: &World) -> Result<Vec<Row>, Failure> {
    let place = new_directory(world, "activity")?;
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let hosted = Hosted { world, place: &place, port };
    let bearer = hosted.set_up(MANY, &[], &["--scopes", "mail:folders"])?;
    let running = hosted.start()?;
    let browser = Browser::sign_in(port)?;
    let page = browser.open("/agents")?;
    let grant = page.body.split("href=\"/agents/").nth(1).and_then(|rest| rest.split('"').next());
    let grant = grant.ok_or_else(|| Failure::Failed("no agent is listed".into()))?.to_owned();
    drop(running);
    println!("writing {ENTRIES} entries");
    write_entries(&place.join("data").join("postroom.db"), &grant)?;
    let _running = hosted.start()?;
    let browser = Browser::sign_in(port)?;
    // one call that is counted, so that there is a picture
    McpHttp::connect(port, &bearer)?.call("mail_folders", &serde_json::json!({ "counts": false }))?;
    let agent = format!("/activity?agent={grant}");
    let last = "/activity?before=500000";
    let mut rows = Vec::new();
    for (what, path, most) in [
        ("opens", "/activity", OPENS),
        ("opens far behind", last, OPENS),
        ("of one agent", &agent, FILTERS),
        ("of one tool", "/activity?tool=mail_send", FILTERS),
        ("that did not work", "/activity?outcome=failed", FILTERS),
        ("of one agent, that did not work", &format!("{agent}&outcome=failed"), FILTERS),
        ("of some days", "/activity?from=2026-01-01&to=2030-01-01", FILTERS),
        ("with a text that many have", "/activity?text=not_found", FILTERS),
        ("with a text that none has", "/activity?text=nothing-of-that-kind", FILTERS),
        ("of one agent with a text that none has", &format!("{agent}&text=nothing-of-that-kind"), FILTERS),
        ("summed up at /admin/storage", "/admin/storage", SUMS),
    ] {
        let mut took = Vec::new();
        for _ in 0..world.rounds.max(15) {
            let started = Instant::now();
            browser.open(path)?;
            took.push(started.elapsed());
        }
        let samples = Samples::new(took)?;
        let is_met = samples.median() <= most;
        let target = format!("≤ {} ms", most.as_millis());
        rows.push(Row::alone(&format!("activity {what}"), &samples).target(&target, is_met));
    }
    rows.push(Row::count("octets of its first view", browser.weight("/activity")?, WEIGHT));
    Ok(rows)
}

/// Writes entries into the database of a server that does not run.
fn write_entries(database: &Path, grant: &str) -> Result<(), Failure> {
    let mut python = Command::new("python3")
        .arg("-")
        .arg(database)
        .args([&ENTRIES.to_string(), grant, "gra_another", "gra_third"])
        .stdin(Stdio::piped())
        .spawn()?;
    if let Some(mut script) = python.stdin.take() {
        script.write_all(include_bytes!("activity_rows.py"))?;
    }
    if python.wait()?.success() {
        Ok(())
    } else {
        Err(Failure::Failed("the entries were not written".into()))
    }
}
