//! The processes that the bench starts itself: each ends with its value, and all of them, by their ids,
//! when the run has taken too long, so that no read waits for ever.

use std::{
    io,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

/// The children that run now, under one time limit.
#[derive(Clone)]
pub(super) struct Children {
    state: Arc<State>,
    /// The watching thread ends with the last of these.
    _alive: Sender<()>,
}

#[derive(Default)]
struct State {
    running: Mutex<Vec<u32>>,
    is_late: AtomicBool,
}

/// A child that is ended and waited for when this is dropped.
pub(super) struct Running {
    /// The process, for its pipes.
    pub(super) child: Child,
    children: Children,
}

impl Children {
    /// No children yet, and `limit` from now on.
    pub(super) fn start(limit: Duration) -> Self {
        let state = Arc::new(State::default());
        let (alive, ended) = channel::<()>();
        let watched = Arc::clone(&state);
        thread::spawn(move || {
            let deadline = Instant::now() + limit;
            for (signal, patience) in [("TERM", Duration::ZERO), ("KILL", Duration::from_secs(10))] {
                let left = (deadline + patience).saturating_duration_since(Instant::now());
                if ended.recv_timeout(left) == Err(std::sync::mpsc::RecvTimeoutError::Disconnected) {
                    return;
                }
                watched.is_late.store(true, Ordering::SeqCst);
                for pid in watched.running.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                    send(signal, *pid);
                }
            }
        });
        Self { state, _alive: alive }
    }

    /// Starts a program.
    pub(super) fn spawn(&self, command: &mut Command) -> io::Result<Running> {
        if self.are_late() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let child = command.spawn()?;
        self.list().push(child.id());
        Ok(Running { child, children: self.clone() })
    }

    /// Whether the time limit has passed.
    pub(super) fn are_late(&self) -> bool {
        self.state.is_late.load(Ordering::SeqCst)
    }

    fn list(&self) -> std::sync::MutexGuard<'_, Vec<u32>> {
        self.state.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// Memory of the process that lies in RAM, in kB.
    pub(super) fn resident_kb(&self) -> Result<u64, String> {
        self.status_kb("VmRSS:")
    }

    /// The most that it was so far, in kB.
    pub(super) fn peak_kb(&self) -> Result<u64, String> {
        self.status_kb("VmHWM:")
    }

    fn status_kb(&self, name: &str) -> Result<u64, String> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok())
            .ok_or_else(|| format!("{path} tells no {name}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let pid = self.child.id();
        drop(self.child.stdin.take());
        let started = Instant::now();
        let (mut asked, mut forced) = (false, false);
        while let Ok(None) = self.child.try_wait() {
            let waited = started.elapsed();
            if waited > Duration::from_secs(10) && !forced {
                forced = self.child.kill().is_ok();
            } else if waited > Duration::from_millis(20) && !asked {
                send("TERM", pid);
                asked = true;
            }
            thread::sleep(Duration::from_millis(1));
        }
        self.children.list().retain(|running| *running != pid);
    }
}

fn send(signal: &str, pid: u32) {
    let _ = Command::new("sh")
        .args(["-c", "kill -s \"$1\" \"$2\"", "kill", signal, &pid.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_takes_too_long_is_ended() {
        let children = Children::start(Duration::from_millis(100));
        let mut sleeper = children.spawn(Command::new("sleep").arg("60")).unwrap();
        assert!(!sleeper.child.wait().unwrap().success());
        assert!(children.are_late());
    }

    #[test]
    fn a_child_ends_with_its_value() {
        let children = Children::start(Duration::from_mins(1));
        let sleeper = children.spawn(Command::new("sleep").arg("60")).unwrap();
        let status = format!("/proc/{}/status", sleeper.child.id());
        assert!(sleeper.resident_kb().unwrap() > 0);
        drop(sleeper);
        assert!(!std::path::Path::new(&status).exists());
        assert!(children.list().is_empty());
    }
}
