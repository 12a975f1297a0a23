//! Child processes that never outlive the test: a guard shell ends them when our end of a pipe closes,
//! even if the test itself was killed. Knows nothing of what it runs.

use std::{
    ffi::OsStr,
    io,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Waits for the end of our pipe, then ends everything in its own process group, itself last, and
/// removes the directory. Polite first: 50 ms is enough for a mail server without work.
const GUARD: &str = r#"
directory=$1; shift
"$@" >"$directory/stdout" 2>"$directory/stderr" &
program=$!
echo "$program" >"$directory/guarded.pid"
read -r _
trap '' TERM
kill -TERM 0
sleep 0.05
rm -rf "$directory"
kill -KILL 0
"#;

/// A program under guard, in a process group of its own (a Ctrl-C at the terminal does not reach it).
#[derive(Debug)]
pub struct Guarded {
    shell: Child,
}

impl Guarded {
    /// Starts `program`. Its output goes to `stdout` and `stderr` in `directory`, its process id to
    /// `guarded.pid` there; the directory is removed after the program has ended.
    pub fn start<A: AsRef<OsStr>>(directory: &Path, program: &Path, arguments: &[A]) -> io::Result<Self> {
        let shell = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(directory)
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
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
