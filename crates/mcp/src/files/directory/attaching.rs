//! A file of the directory that is to be attached: below it by every name it has, opened once.

use std::{
    fs::{self, File, Metadata},
    io,
    path::{Component, Path},
};

use domain::{Code, Problem};
use tokio::task::spawn_blocking;

use super::Directory;

/// A file that is open at its beginning.
#[derive(Debug)]
pub(crate) struct Attachable {
    /// Its name, without the directories.
    pub(crate) name: String,
    /// Its octets when it was opened.
    pub(crate) size: u64,
    /// The file.
    pub(crate) file: File,
}

impl Directory {
    /// Opens a file below the directory, named from there or whole. Whatever else the name leads to is told
    /// as if it were not there, so that nobody learns of files elsewhere.
    pub(in crate::files) async fn attach(&self, wanted: &str) -> Result<Attachable, Problem> {
        let (directory, wanted) = (self.0.clone(), wanted.to_owned());
        let opened = spawn_blocking(move || open(Path::new(&directory), Path::new(&wanted))).await;
        opened.map_err(io::Error::other).flatten().map_err(|error| {
            tracing::info!(kind = %error.kind(), "a file to be attached was not opened");
            Problem::new(Code::NotFound, "There is no such file below the directory of POSTROOM_FILES_DIR.")
                .hint("Give the path from that directory on. It must be a file that can be read, not a link out of it.")
        })
    }
}

fn open(directory: &Path, wanted: &Path) -> io::Result<Attachable> {
    let outside = || io::Error::from(io::ErrorKind::NotFound);
    // before the disk is asked anything about it
    let below =
        if wanted.is_absolute() { wanted.strip_prefix(directory).map_err(|_| outside())? } else { wanted };
    if !below.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(outside());
    }
    let path = directory.join(below).canonicalize()?;
    if !path.starts_with(directory) || !fs::symlink_metadata(&path)?.is_file() {
        return Err(outside());
    }
    let file = File::open(&path)?;
    let opened = file.metadata()?;
    // what was looked at and what was opened must be one: a link may have taken its place in between
    if !opened.is_file() || path.canonicalize()? != path || !is_same(&opened, &fs::symlink_metadata(&path)?) {
        return Err(outside());
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    Ok(Attachable { name, size: opened.len(), file })
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    one.file_type() == other.file_type() && one.len() == other.len()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[tokio::test]
    async fn a_file_below_the_directory_is_opened_by_its_path_from_there_or_whole() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("in")).unwrap();
        fs::write(folder.path().join("in/März.txt"), "octets").unwrap();
        let directory = Directory::open(folder.path()).unwrap();
        let whole = folder.path().canonicalize().unwrap().join("in/März.txt");
        for path in ["in/März.txt", "./in/März.txt", whole.to_str().unwrap()] {
            let mut opened = directory.attach(path).await.unwrap();
            let mut text = String::new();
            opened.file.read_to_string(&mut text).unwrap();
            assert_eq!(
                (opened.name.as_str(), opened.size, text.as_str()),
                ("März.txt", 6, "octets"),
                "{path}"
            );
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn nothing_leads_out_of_the_directory_and_only_files_are_opened() {
        use std::os::unix::fs::symlink;

        let outer = tempfile::tempdir().unwrap();
        fs::write(outer.path().join("secret"), "s").unwrap();
        let inner = outer.path().join("files");
        fs::create_dir_all(inner.join("folder")).unwrap();
        fs::write(inner.join("own"), "o").unwrap();
        symlink(outer.path().join("secret"), inner.join("link")).unwrap();
        symlink(outer.path(), inner.join("up")).unwrap();
        symlink(inner.join("own"), inner.join("alias")).unwrap();
        let directory = Directory::open(&inner).unwrap();
        let secret = outer.path().join("secret");
        let mut told = Vec::new();
        for path in [
            "../secret",
            "link",
            "up/secret",
            "folder",
            "",
            ".",
            "gone",
            "own/x",
            secret.to_str().unwrap(),
            "a\0b",
        ] {
            let problem = directory.attach(path).await.unwrap_err();
            assert_eq!(problem.code, Code::NotFound, "{path}");
            told.push(problem.message);
        }
        told.dedup();
        assert_eq!(told.len(), 1, "what is outside is told as what is not there");
        assert_eq!(directory.attach("alias").await.unwrap().size, 1);
    }
}
