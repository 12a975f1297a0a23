//! Sorting on a real Dovecot: what is meant, what is planned, what becomes of each message.

mod after;
mod costs;
mod gmail;
mod limits;
mod plans;
mod sent;
mod wishes;

use domain::{FolderArg, Problem};
use engine::{
    delete::DeleteRequest,
    organize::{Action, Meant, OrganizeRequest, Organized},
    search::SearchRequest,
};
use testkit::{Mail, OtherClient, maildir::Numbering};

use crate::world::{NOW, World};

/// Messages by id.
pub(crate) fn these(action: Action, ids: &[String]) -> OrganizeRequest {
    OrganizeRequest {
        meant: Meant { ids: ids.to_vec(), ..Meant::default() },
        action,
        to_folder: None,
        keywords: Vec::new(),
        confirm: None,
    }
}

/// What a query finds in a folder.
pub(crate) fn found(action: Action, query: &str, folder: Option<&str>) -> OrganizeRequest {
    let meant =
        Meant { query: Some(query.to_owned()), folder: folder.map(FolderArg::parse), ..Meant::default() };
    OrganizeRequest { meant, ..these(action, &[]) }
}

/// To another folder.
pub(crate) fn to(request: OrganizeRequest, folder: &str) -> OrganizeRequest {
    OrganizeRequest { to_folder: Some(FolderArg::parse(folder)), ..request }
}

/// The call that confirms, with nothing but the action.
pub(crate) fn confirmed(action: Action, planned: &Organized) -> OrganizeRequest {
    let confirm = planned.plan.as_ref().map(|plan| plan.confirm.clone());
    assert!(confirm.is_some(), "{planned:?}");
    OrganizeRequest { confirm, ..these(action, &[]) }
}

pub(crate) fn deletion(ids: &[String]) -> DeleteRequest {
    DeleteRequest { ids: ids.to_vec(), folder: None, account: None, confirm: None }
}

pub(crate) fn deletion_confirmed(planned: &Organized) -> DeleteRequest {
    let confirm = planned.plan.as_ref().map(|plan| plan.confirm.clone());
    assert!(confirm.is_some(), "{planned:?}");
    DeleteRequest { confirm, ..deletion(&[]) }
}

/// The ids of what failed, and why, in the order of their ids.
pub(crate) fn failures(organized: &Organized) -> Vec<(&str, &str)> {
    let mut failures: Vec<_> =
        organized.failed.iter().map(|one| (one.id.as_str(), one.problem.code.as_str())).collect();
    failures.sort_unstable();
    failures
}

/// A message with that subject, received so many hours ago.
pub(crate) fn note(subject: &str, hours: u64) -> Mail {
    let raw = format!(
        "From: Ann <ann@example.org>\r\nTo: alice@example.com\r\nSubject: {subject}\r\n\
         Message-ID: <{}@example.org>\r\n\r\nwords of {subject}\r\n",
        subject.replace(' ', ".")
    );
    Mail::new(raw, NOW - hours * 3_600)
}

impl World {
    /// The names of the files in a folder: Dovecot may fail to open one that was made anew a moment ago.
    pub(crate) fn files(&self, folder: &str) -> Vec<String> {
        let path = self.maildir.path_of(folder).unwrap();
        let listed = ["cur", "new"].map(|kind| std::fs::read_dir(path.join(kind)).unwrap());
        let name =
            |file: std::io::Result<std::fs::DirEntry>| file.unwrap().file_name().into_string().unwrap();
        listed.into_iter().flatten().map(name).collect()
    }

    /// Fills a folder with notes of these names, the oldest first.
    pub(crate) fn notes(&self, folder: &str, names: &[&str]) {
        let count = names.len() as u64;
        let mails = (0..).zip(names).map(|(at, name)| note(name, count - at));
        self.maildir.fill(folder, Numbering::default(), mails).unwrap();
    }

    pub(crate) async fn organize(&self, request: OrganizeRequest) -> Result<Organized, Problem> {
        self.engine.organize(&self.principal, request, &|_, _| {}).await
    }

    pub(crate) async fn delete(&self, request: DeleteRequest) -> Result<Organized, Problem> {
        self.engine.delete(&self.principal, request, &|_, _| {}).await
    }

    /// Subjects and ids of a folder, the newest first.
    pub(crate) async fn listed(&self, folder: &str) -> Vec<(String, String)> {
        let folder = Some(FolderArg::parse(folder));
        let request = SearchRequest { folder, limit: 100, ..SearchRequest::default() };
        let page = self.engine.search(&self.principal, request).await.unwrap();
        page.rows.into_iter().map(|row| (row.subject, row.id.to_string())).collect()
    }

    /// The subjects of a folder in the order of their names.
    pub(crate) async fn subjects(&self, folder: &str) -> Vec<String> {
        let mut subjects: Vec<String> =
            self.listed(folder).await.into_iter().map(|(subject, _)| subject).collect();
        subjects.sort_unstable();
        subjects
    }

    /// The id of the message with that subject.
    pub(crate) async fn id(&self, folder: &str, subject: &str) -> String {
        let listed = self.listed(folder).await;
        let found = listed.iter().find(|(of, _)| of == subject);
        found.unwrap_or_else(|| panic!("{subject} in {folder}: {listed:?}")).1.clone()
    }

    pub(crate) fn somebody(&self) -> OtherClient {
        OtherClient::sign_in(&self.dovecot, "alice", "alice-secret").unwrap()
    }
}
