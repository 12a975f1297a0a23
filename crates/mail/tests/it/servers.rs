//! What known servers say, one file each, as far as it is public; each test names its source. What the
//! engine makes of a rule that all servers share is tested elsewhere, by subject.

use mail::imap::{Session, folder};

use crate::script::Script;

mod courier;
mod cyrus;
mod dovecot;
mod gmail;
mod icloud;
mod microsoft;
mod yahoo;

/// From the greeting to a signed-in session, for a server that tells its capabilities only when asked;
/// the ID and NAMESPACE that we ask then are up to `rest`.
fn welcome(greeting: &str, before: &str, after: &str) -> String {
    format!(
        "S: * OK {greeting}\nC: {{c}} CAPABILITY\nS: * CAPABILITY {before}\nS: {{c}} OK done\n\
         C: {{l}} AUTHENTICATE PLAIN AGFubgBzZXNhbWU=\nS: {{l}} OK done\n\
         C: {{d}} CAPABILITY\nS: * CAPABILITY {after}\nS: {{d}} OK done\n"
    )
}

/// The session that a transcript leads to, once its sign-in is through.
async fn session(transcript: String) -> (Script, Session) {
    let script = Script::play([transcript]).await;
    let session = script.sign_in().await.unwrap();
    (script, session)
}

/// The folders with counts that the rest of a transcript lists.
async fn folders(transcript: String) -> folder::Folders {
    let (script, mut session) = session(transcript).await;
    let folders = folder::list(&mut session, true).await.unwrap();
    drop(session);
    script.done().await;
    folders
}

/// Each folder's name and role, in order.
fn roles(folders: &folder::Folders) -> Vec<(&str, Option<domain::Role>)> {
    folders.all.iter().map(|folder| (folder.name.as_str(), folder.role)).collect()
}
