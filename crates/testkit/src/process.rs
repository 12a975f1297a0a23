//! Child processes that never outlive the test: a guard shell ends them when our end of a pipe closes,
//! even if the test itself was killed. Knows nothing of what it runs.

use std::{
    io,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Waits for the end of our pipe, then asks everything in its own process group to end, waits a while for
/// the program, kills what is left, itself last, and removes the directory.
const GUARD: &str = r#"
directory=$1; patience=$2; shift 2
if [ "$patience" -gt 1 ]; then "$@" & else "$@" >"$directory/stdout" 2>"$directory/stderr" & fi
program=$!
echo "$program" >"$directory/guarded.pid"
read -r _
trap '' TERM
kill -TERM 0
while [ "$patience" -gt 0 ] && kill -0 "$program" 2>/dev/null; do
    sleep 0.05
    patience=$((patience - 1))
done
rm -rf "$directory"
kill -KILL 0
"#;

/// A program under guard, in a process group of its own (a Ctrl-C at the terminal does not reach it).
#[derive(Debug)]
pub struct Guarded {
    shell: Child,
}

impl Guarded {
    /// Starts a server whose output goes to `stdout` and `stderr` in `directory`, and its process id to
    /// `guarded.pid` there. At the end it gets 50 ms, then the directory is removed.
    pub fn quiet(directory: &Path, command: &Command) -> io::Result<Self> {
        Self::start(directory, command, 1, Stdio::null)
    }

    /// The same, but its output is ours, and at the end it gets five seconds to stop gracefully.
    pub fn shown(directory: &Path, command: &Command) -> io::Result<Self> {
        Self::start(directory, command, 100, Stdio::inherit)
    }

    fn start(directory: &Path, command: &Command, patience: u32, output: fn() -> Stdio) -> io::Result<Self> {
        let mut shell = Command::new("sh");
        shell.args(["-c", GUARD, "guard"]).arg(directory).arg(patience.to_string());
        shell.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        if let Some(place) = command.get_current_dir() {
            shell.current_dir(place);
        }
        let shell = shell.stdin(Stdio::piped()).stdout(output()).stderr(output()).process_group(0).spawn()?;
        Ok(Self { shell })
    }

    /// Ends the program and waits for it, at most ten seconds.
    pub fn stop(&mut self) {
        drop(self.shell.stdin.take());
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            match self.shell.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(5)),
                _ => return,
            }
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Asks a process to end (SIGTERM) by its id.
pub fn terminate(pid: u32) {
    let _ = Command::new("sh")
        .args(["-c", "kill -TERM \"$1\"", "kill"])
        .arg(pid.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

/// Runs a program to its end and returns what it printed; a failure carries its stderr.
pub fn run(command: &mut Command) -> io::Result<String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| {
        io::Error::new(error.kind(), format!("{}: {error}", command.get_program().display()))
    })?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(io::Error::other(format!(
            "{} failed: {}",
            command.get_program().display(),
            String::from_utf8_lossy(&output.stderr).trim()
        )))
    }
}
