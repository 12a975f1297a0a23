//! The workspace's Rust files, as checks read them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::place;

/// One Rust file.
#[derive(Debug)]
pub(crate) struct Source {
    /// The path from the workspace's root, with `/`.
    pub(crate) path: String,
    /// The text.
    pub(crate) text: String,
}

impl Source {
    /// Whether the file holds nothing but tests.
    pub(crate) fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }
}

/// Every Rust file of the workspace, in the order of paths.
pub(crate) fn all() -> io::Result<Vec<Source>> {
    let root = place::root();
    let mut files = Vec::new();
    for top in ["crates", "xtask"] {
        collect(&root.join(top), &mut files)?;
    }
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let path = file.strip_prefix(&root).unwrap_or(&file).to_string_lossy().replace('\\', "/");
            Ok(Source { path, text: fs::read_to_string(&file)? })
        })
        .collect()
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "target") {
                collect(&path, files)?;
            }
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    Ok(())
}
