//! Files of a local process, in a directory of each test's own.

use std::{fs, path::PathBuf};

use futures_util::{FutureExt as _, stream};

use super::*;
use crate::{Settings, deadline::Patience};

struct Place {
    folder: tempfile::TempDir,
    directory: Directory,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("files");
        fs::create_dir(&inside).unwrap();
        Self { directory: Directory::open(&inside).unwrap(), folder }
    }

    fn inside(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("files")
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.inside()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    async fn write(&self, name: &str, pieces: Vec<Result<&'static str, Problem>>) -> Result<String, Problem> {
        self.directory.write(file(name, pieces), &deadline()).await.map(|(path, _)| path)
    }
}

fn deadline() -> Deadline {
    Deadline::of(Patience::of(&Settings::new("http://localhost:8143").unwrap()))
}

fn file(name: &str, pieces: Vec<Result<&'static str, Problem>>) -> Download {
    let body = stream::iter(pieces.into_iter().map(|piece| piece.map(Into::into))).boxed();
    let id = "work/@inbox:1@a".parse().unwrap();
    Download {
        id,
        name: name.into(),
        media_type: "text/plain".into(),
        size: None,
        listed_size: 0,
        octets: Box::new(|_| body),
    }
}

#[tokio::test]
async fn a_file_is_written_whole_and_private_under_its_own_name() {
    let place = Place::new();
    let (path, size) =
        place.directory.write(file("plan.txt", vec![Ok("one "), Ok("two")]), &deadline()).await.unwrap();
    assert_eq!(size, 7);
    assert_eq!(PathBuf::from(&path), place.inside().join("plan.txt"));
    assert_eq!(fs::read_to_string(&path).unwrap(), "one two");
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_file_that_is_there_is_never_overwritten() {
    let place = Place::new();
    fs::write(place.inside().join("plan.txt"), "mine").unwrap();
    for (number, name) in [(2, "plan (2).txt"), (3, "plan (3).txt")] {
        let path = place.write("plan.txt", vec![Ok("theirs")]).await.unwrap();
        assert!(path.ends_with(name), "{number}: {path}");
    }
    assert_eq!(fs::read_to_string(place.inside().join("plan.txt")).unwrap(), "mine");
    for number in 4..=NAMESAKES {
        fs::write(place.inside().join(numbered("plan.txt", number)), "").unwrap();
    }
    assert_eq!(place.write("plan.txt", vec![]).await.unwrap_err().code, Code::Conflict);
}

#[tokio::test]
async fn no_name_leads_out_of_the_directory() {
    let place = Place::new();
    for name in ["../out.txt", "/etc/out.txt", "..", "a/../../out", "..\\out.txt", "C:\\out.txt"] {
        let path = PathBuf::from(place.write(name, vec![Ok("x")]).await.unwrap());
        assert_eq!(path.parent(), Some(place.inside().as_path()), "{name}");
    }
    assert_eq!(fs::read_dir(place.folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn no_symbolic_link_leads_out_of_the_directory() {
    let place = Place::new();
    let outside = place.folder.path().join("outside.txt");
    for target in [outside.as_path(), std::path::Path::new("/dev/null")] {
        std::os::unix::fs::symlink(target, place.inside().join("plan.txt")).unwrap();
        let path = place.write("plan.txt", vec![Ok("x")]).await.unwrap();
        assert!(path.ends_with("plan (2).txt"), "{path}");
        assert!(!outside.exists());
        for name in place.names() {
            fs::remove_file(place.inside().join(name)).unwrap();
        }
    }
    // the directory itself has become one
    fs::rename(place.inside(), place.folder.path().join("moved")).unwrap();
    std::os::unix::fs::symlink(place.folder.path().join("moved"), place.inside()).unwrap();
    assert_eq!(place.write("plan.txt", vec![Ok("x")]).await.unwrap_err().code, Code::NotSupported);
    assert_eq!(fs::read_dir(place.folder.path().join("moved")).unwrap().count(), 0);
}

#[tokio::test]
async fn of_a_file_that_breaks_off_or_is_given_up_nothing_stays() {
    let place = Place::new();
    let broken = Problem::new(Code::AccountUnreachable, "The connection broke.");
    let refused = place.write("plan.txt", vec![Ok("one "), Err(broken.clone())]).await;
    assert_eq!(refused, Err(broken));
    assert_eq!(place.names(), [""; 0]);

    let (arrived, has_arrived) = tokio::sync::oneshot::channel();
    let silent = stream::once(async move {
        arrived.send(()).unwrap();
        std::future::pending().await
    });
    let download = Download { octets: Box::new(|_| silent.boxed()), ..file("plan.txt", vec![]) };
    let deadline = deadline();
    let mut writing = Box::pin(place.directory.write(download, &deadline));
    tokio::select! {
        _ = &mut writing => panic!("it cannot end"),
        _ = has_arrived => assert_eq!(place.names(), ["plan.txt"]),
    }
    drop(writing);
    assert_eq!(place.names(), [""; 0]);

    // given up while the file is being made, most likely
    let download = Download { octets: Box::new(|_| stream::pending().boxed()), ..file("early.txt", vec![]) };
    assert!(place.directory.write(download, &deadline).now_or_never().is_none());
    let gone = async {
        while !place.names().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), gone).await.unwrap();
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_to_is_told_as_such() {
    let place = Place::new();
    fs::remove_dir(place.inside()).unwrap();
    let refused = place.write("plan.txt", vec![Ok("x")]).await.unwrap_err();
    assert_eq!(refused.code, Code::NotSupported);
    assert!(refused.hint.contains("POSTROOM_FILES_DIR") && !refused.message.contains("plan"));
    let full = told(&io::ErrorKind::StorageFull.into());
    assert_eq!(full.code, Code::TooLarge);
}

#[test]
fn only_a_directory_is_one() {
    let place = Place::new();
    let file = place.inside().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(Directory::open(&file), Err(InvalidDirectory::NotADirectory)));
    assert!(matches!(Directory::open(&file.join("x")), Err(InvalidDirectory::Unusable(_))));
    assert!(matches!(Directory::open(&place.inside().join("no")), Err(InvalidDirectory::Unusable(_))));
}
