//! Mail for a test, written as a Maildir with its UIDs fixed: 100,000 small messages in some ten seconds.
//! Does not speak IMAP; what a server must do itself (APPEND, STORE) is done over the wire by the test.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write as _},
    os::unix::fs::chown,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use base64::{
    Engine as _, alphabet,
    engine::general_purpose::{GeneralPurpose, NO_PAD},
};

use crate::dovecot::Dovecot;

/// One message to be put into a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mail {
    /// The bytes as they are to be stored, best with CRLF.
    pub raw: Vec<u8>,
    /// INTERNALDATE, in seconds since 1970 (UTC).
    pub received: u64,
    /// System flags as Maildir letters: `S` seen, `R` answered, `F` flagged, `T` deleted, `D` draft.
    pub flags: String,
    /// Keywords; at most 26 different ones a folder.
    pub keywords: Vec<String>,
}

impl Mail {
    /// An unread message.
    pub fn new(raw: impl Into<Vec<u8>>, received: u64) -> Self {
        Self { raw: raw.into(), received, ..Self::default() }
    }

    /// With system flags as Maildir letters.
    #[must_use]
    pub fn flags(mut self, letters: &str) -> Self {
        letters.clone_into(&mut self.flags);
        self
    }
}

/// How the messages of a folder are numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbering {
    /// UIDVALIDITY of the folder.
    pub uid_validity: u32,
    /// The first UID; the others follow without gaps.
    pub first_uid: u32,
}

impl Default for Numbering {
    fn default() -> Self {
        Self { uid_validity: 1_700_000_000, first_uid: 1 }
    }
}

/// The mail of one person.
#[derive(Debug, Clone)]
pub struct Maildir {
    root: PathBuf,
    owner: (u32, u32),
    /// Where nobody but us owns files, there is nothing to change.
    changes_owner: bool,
}

impl Maildir {
    /// The mail of `user`; made if it is not there yet.
    pub fn of(dovecot: &Dovecot, user: &str) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let owner = dovecot.mail_owner();
        let changes_owner = fs::metadata(dovecot.directory())?.uid() != owner.0;
        let maildir = Self { root: dovecot.user_home(user).join("Maildir"), owner, changes_owner };
        maildir.make_folder(&maildir.root)?;
        Ok(maildir)
    }

    /// Makes a folder and fills it, replacing nothing: a folder that has numbers already is an error.
    /// `folder` is `INBOX` or a path with `/`. Order of `mails` = order of UIDs.
    pub fn fill(
        &self,
        folder: &str,
        numbering: Numbering,
        mails: impl IntoIterator<Item = Mail>,
    ) -> io::Result<usize> {
        let path = self.path_of(folder)?;
        self.make_folder(&path)?;
        let list = path.join("dovecot-uidlist");
        let mut list = BufWriter::new(File::create_new(&list)?);
        let mut lines = Vec::new();
        let mut keywords: Vec<String> = Vec::new();
        let mut uid = numbering.first_uid;
        for mail in mails {
            let name = file_name(&mail, uid);
            let mut flags: Vec<char> = mail.flags.chars().collect();
            flags.sort_unstable();
            let mut letters = Vec::new();
            for keyword in &mail.keywords {
                letters.push(letter(&mut keywords, keyword)?);
            }
            letters.sort_unstable();
            flags.extend(letters);
            let flags: String = flags.into_iter().collect();
            self.write(&path.join("cur").join(format!("{name}:2,{flags}")), &mail)?;
            writeln!(lines, "{uid} :{name}")?;
            uid += 1;
        }
        // version 3: validity, next UID, a GUID that needs to be nothing but 32 hex digits
        writeln!(list, "3 V{} N{uid} G{:032x}", numbering.uid_validity, numbering.uid_validity)?;
        list.write_all(&lines)?;
        list.flush()?;
        self.give(&path.join("dovecot-uidlist"))?;
        if !keywords.is_empty() {
            let mut text = Vec::new();
            for (number, keyword) in keywords.iter().enumerate() {
                writeln!(text, "{number} {keyword}")?;
            }
            fs::write(path.join("dovecot-keywords"), text)?;
            self.give(&path.join("dovecot-keywords"))?;
        }
        Ok((uid - numbering.first_uid) as usize)
    }

    /// Puts one message into a folder as a delivery agent does, also while the server runs; the server
    /// gives it the next UID and tells whoever waits. `number` must differ between calls.
    pub fn deliver(&self, folder: &str, number: u32, mail: &Mail) -> io::Result<()> {
        let path = self.path_of(folder)?;
        self.make_folder(&path)?;
        let name = file_name(mail, number);
        let draft = path.join("tmp").join(&name);
        self.write(&draft, mail)?;
        if mail.flags.is_empty() {
            fs::rename(draft, path.join("new").join(name))
        } else {
            fs::rename(draft, path.join("cur").join(format!("{name}:2,{}", mail.flags)))
        }
    }

    /// Makes an empty folder.
    pub fn create(&self, folder: &str) -> io::Result<()> {
        self.make_folder(&self.path_of(folder)?)
    }

    /// Adds folders to the list of subscriptions.
    pub fn subscribe(&self, folders: &[&str]) -> io::Result<()> {
        let path = self.root.join("subscriptions");
        let mut text = fs::read_to_string(&path).unwrap_or_else(|_| "V\t2\n\n".into());
        for folder in folders {
            text.push_str(&encode_name(folder).replace('/', "\t"));
            text.push('\n');
        }
        fs::write(&path, text)?;
        self.give(&path)
    }

    /// The directory of a folder, whether it exists or not.
    pub fn path_of(&self, folder: &str) -> io::Result<PathBuf> {
        if folder.eq_ignore_ascii_case("INBOX") {
            return Ok(self.root.clone());
        }
        if folder.contains('.') {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "Maildir++ cannot hold a dot in a name"));
        }
        Ok(self.root.join(format!(".{}", encode_name(folder).replace('/', "."))))
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        for directory in [path.to_owned(), path.join("cur"), path.join("new"), path.join("tmp")] {
            if !directory.exists() {
                fs::create_dir(&directory)?;
                self.give(&directory)?;
            }
        }
        if path != self.root && !path.join("maildirfolder").exists() {
            File::create(path.join("maildirfolder"))?;
            self.give(&path.join("maildirfolder"))?;
        }
        Ok(())
    }

    fn write(&self, path: &Path, mail: &Mail) -> io::Result<()> {
        let mut file = File::create_new(path)?;
        file.write_all(&mail.raw)?;
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(mail.received))?;
        self.give(path)
    }

    fn give(&self, path: &Path) -> io::Result<()> {
        if self.changes_owner { chown(path, Some(self.owner.0), Some(self.owner.1)) } else { Ok(()) }
    }
}

/// A name that carries both sizes, so that Dovecot needs to open nothing to list.
fn file_name(mail: &Mail, number: u32) -> String {
    let bare_lines = mail.raw.iter().enumerate().filter(|(at, byte)| {
        **byte == b'\n' && at.checked_sub(1).and_then(|before| mail.raw.get(before)) != Some(&b'\r')
    });
    let wire = mail.raw.len() + bare_lines.count();
    format!("{}.M{number}P1.test,S={},W={wire}", mail.received, mail.raw.len())
}

fn letter(known: &mut Vec<String>, keyword: &str) -> io::Result<char> {
    let at = known.iter().position(|name| name == keyword).unwrap_or_else(|| {
        known.push(keyword.to_owned());
        known.len() - 1
    });
    ('a'..='z').nth(at).ok_or_else(|| io::Error::other("Maildir holds at most 26 keywords a folder"))
}

/// Modified UTF-7 (RFC 3501 section 5.1.3), which is how Maildir++ names lie on disk and IMAP writes them.
pub fn encode_name(name: &str) -> String {
    let base64 = GeneralPurpose::new(&alphabet::IMAP_MUTF7, NO_PAD);
    let mut encoded = String::new();
    let mut pending: Vec<u8> = Vec::new();
    let flush = |pending: &mut Vec<u8>, encoded: &mut String| {
        if !pending.is_empty() {
            encoded.push('&');
            encoded.push_str(&base64.encode(&*pending));
            encoded.push('-');
            pending.clear();
        }
    };
    for character in name.chars() {
        if (' '..='~').contains(&character) {
            flush(&mut pending, &mut encoded);
            encoded.push(character);
            if character == '&' {
                encoded.push('-');
            }
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                pending.extend_from_slice(&unit.to_be_bytes());
            }
        }
    }
    flush(&mut pending, &mut encoded);
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_in_modified_utf_7() {
        assert_eq!(encode_name("Entwürfe"), "Entw&APw-rfe");
        assert_eq!(encode_name("日本語/R&D"), "&ZeVnLIqe-/R&-D");
    }

    #[test]
    fn a_file_name_tells_both_sizes() {
        assert_eq!(file_name(&Mail::new("a\nb\r\n", 7), 3), "7.M3P1.test,S=5,W=6");
    }
}
