//! Who is sending, or changing something: each process has a name of its own, and holds a lock by which others see that it lives.
//!
//! The lock is a file that the system lets go of when the process ends, however it ends. Where there is no
//! such file (another machine, no data directory), only the lease in the database tells.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use domain::Random;
use storage::{create_private_folder, private_file};

/// The end of a lock file's name.
const END: &str = "lock";

/// This process.
#[derive(Debug)]
pub(crate) struct Owner {
    name: String,
    folder: Option<PathBuf>,
    /// Held as long as the process lives.
    _lock: Option<File>,
}

/// What is known of another process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// It runs.
    Alive,
    /// It has ended.
    Dead,
    /// Its lease has to tell.
    Unknown,
}

impl Owner {
    /// A new name, and its lock in `folder`, which is made if it is missing. Without a lock the lease
    /// alone tells others.
    pub(crate) fn new(random: &dyn Random, folder: Option<&Path>) -> Self {
        let mut octets = [0; 16];
        random.fill(&mut octets);
        let name = format!("{:032x}", u128::from_be_bytes(octets));
        let lock = folder.map(|folder| lock(folder, &name)).transpose().unwrap_or_else(|error| {
            tracing::warn!(%error, "no lock for sending: after a crash, what was under way waits for its lease to end");
            None
        });
        Self { name, folder: folder.map(Path::to_owned), _lock: lock }
    }

    /// Its name in the outbox.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the process of that name lives.
    pub(crate) fn life_of(&self, name: &str) -> Life {
        let Some(path) = self.path_of(name) else { return Life::Unknown };
        match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => match file.try_lock() {
                Ok(()) => Life::Dead,
                Err(TryLockError::WouldBlock) => Life::Alive,
                Err(TryLockError::Error(_)) => Life::Unknown,
            },
            Err(_) => Life::Unknown,
        }
    }

    /// Removes the lock of a process that has ended, and of which nothing is left.
    pub(crate) fn bury(&self, name: &str) {
        if let (Life::Dead, Some(path)) = (self.life_of(name), self.path_of(name)) {
            let _ = fs::remove_file(path);
        }
    }

    /// The names of all processes that have ended and left a lock.
    pub(crate) fn dead(&self) -> Vec<String> {
        let Some(entries) = self.folder.as_ref().and_then(|folder| fs::read_dir(folder).ok()) else {
            return Vec::new();
        };
        let names = entries.flatten().filter_map(|entry| {
            let path = entry.path();
            let name = path.file_stem()?.to_str()?.to_owned();
            (path.extension()? == END && is_name(&name)).then_some(name)
        });
        names.filter(|name| *name != self.name && self.life_of(name) == Life::Dead).collect()
    }

    fn path_of(&self, name: &str) -> Option<PathBuf> {
        // The name comes from a database, and becomes a path.
        let folder = self.folder.as_ref().filter(|_| is_name(name))?;
        Some(folder.join(name).with_extension(END))
    }
}

fn is_name(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Locked before it has its name, so that nobody finds it there without.
fn lock(folder: &Path, name: &str) -> io::Result<File> {
    create_private_folder(folder)?;
    let path = folder.join(name);
    let file = private_file().read(true).write(true).create_new(true).open(path.with_extension("new"))?;
    file.try_lock().map_err(io::Error::from)?;
    fs::rename(path.with_extension("new"), path.with_extension(END))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);

    impl Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn a_process_is_alive_as_long_as_it_holds_its_lock() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("processes");
        let one = Owner::new(&Fixed(1), Some(&folder));
        let other = Owner::new(&Fixed(2), Some(&folder));
        assert_eq!(one.life_of(other.name()), Life::Alive);
        assert!(one.dead().is_empty());
        // What a crash leaves: the file, and nobody who holds it.
        fs::write(folder.join(format!("{}.{END}", "3".repeat(32))), "").unwrap();
        assert_eq!(one.life_of(&"3".repeat(32)), Life::Dead);
        assert_eq!(one.dead(), ["3".repeat(32)]);
        one.bury(&"3".repeat(32));
        one.bury(other.name());
        assert_eq!(one.life_of(&"3".repeat(32)), Life::Unknown);
        assert_eq!(one.life_of(other.name()), Life::Alive);
    }

    #[test]
    fn without_a_file_the_lease_tells() {
        let folder = tempfile::tempdir().unwrap();
        let one = Owner::new(&Fixed(1), Some(folder.path()));
        assert_eq!(one.life_of(&"4".repeat(32)), Life::Unknown);
        assert_eq!(one.life_of("../../etc/passwd"), Life::Unknown);
        let name = one.name().to_owned();
        let other = Owner::new(&Fixed(2), Some(folder.path()));
        drop(one);
        assert_eq!(other.life_of(&name), Life::Dead);
        assert_eq!(Owner::new(&Fixed(5), None).life_of(&name), Life::Unknown);
    }
}
