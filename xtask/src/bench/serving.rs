//! `postroom serve`: how long from its start until it answers, and how much memory it takes while idle.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use super::{World, children::Running, end_of, new_directory, product, report::Row, samples::Samples};
use crate::Failure;

const PATIENCE: Duration = Duration::from_secs(20);
const IDLE: Duration = Duration::from_secs(5);
const ENOUGH: Duration = Duration::from_millis(100);
const ENOUGH_MEMORY: u64 = 25;

/// First starts have an empty data directory, later ones find what the one before left.
pub(super) fn measure(world: &World) -> Result<Vec<Row>, Failure> {
    let (mut first, mut later) = (Vec::new(), Vec::new());
    let (mut memory_first, mut memory_later) = (0, 0);
    for round in 0..world.rounds.min(30) {
        let place = new_directory(world, &format!("serve-{round}"))?;
        let (running, took) = start(world, &place)?;
        first.push(took);
        if round == 0 {
            std::thread::sleep(IDLE);
            memory_first = running.resident_kb()?;
        }
        drop(running);
        let (running, took) = start(world, &place)?;
        later.push(took);
        if round == 0 {
            std::thread::sleep(IDLE);
            memory_later = running.resident_kb()?;
        }
    }
    let (first, later) = (Samples::new(first)?, Samples::new(later)?);
    let rounds = world.rounds.min(30);
    Ok(vec![
        Row::alone(&format!("`serve`: first start to /health ({rounds} rounds)"), &first)
            .target("≤ 100 ms", first.median() <= ENOUGH),
        Row::alone(&format!("`serve`: later starts to /health ({rounds} rounds)"), &later)
            .target("≤ 100 ms", later.median() <= ENOUGH),
        Row::memory("`serve`: VmRSS 5 s after a first start", memory_first, ENOUGH_MEMORY),
        Row::memory("`serve`: VmRSS 5 s after a later start", memory_later, ENOUGH_MEMORY),
    ])
}

/// Starts it on a free port and waits until it is healthy.
fn start(world: &World, place: &Path) -> Result<(Running, Duration), Failure> {
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let said = place.join("serve.log");
    let mut command = product::command(world);
    command.arg("serve").stdout(Stdio::null()).stderr(File::create(&said)?);
    command.env("POSTROOM_DATA_DIR", place.join("data"));
    command.env("POSTROOM_LISTEN", format!("127.0.0.1:{port}"));
    command.env("POSTROOM_MIRROR", "off");
    let started = Instant::now();
    let mut running = world.children.spawn(&mut command)?;
    wait_until_healthy(&mut running, port, &said)?;
    Ok((running, started.elapsed()))
}

/// Waits until `serve` answers on its port; `said` has its log.
pub(super) fn wait_until_healthy(running: &mut Running, port: u16, said: &Path) -> Result<(), Failure> {
    let started = Instant::now();
    while !is_healthy(port).unwrap_or(false) {
        if let Some(status) = running.child.try_wait()? {
            return Err(Failure::Failed(format!("`postroom serve` ended ({status})\n{}", end_of(said))));
        }
        if started.elapsed() > PATIENCE {
            return Err(Failure::Failed(format!("`postroom serve` is not healthy\n{}", end_of(said))));
        }
        std::thread::sleep(Duration::from_micros(500));
    }
    Ok(())
}

fn is_healthy(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    write!(stream, "GET /health HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n")?;
    let mut first = [0; 12];
    stream.read_exact(&mut first)?;
    Ok(first.ends_with(b" 200"))
}
