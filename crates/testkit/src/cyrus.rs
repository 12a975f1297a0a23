//! A private, real Cyrus: INBOX and the folders with special uses are made at the first sign-in.
//! `/` separates, names have no prefix. Mail comes by APPEND (`other_client`), not from the disk.

use std::{
    fs, io,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    dovecot::User,
    ports::{free_port, greeting},
    process::Guarded,
    unpacked::{Place, require},
};

/// A running Cyrus. Plain text on 127.0.0.1.
#[derive(Debug)]
pub struct Cyrus {
    // first: the server ends before its directory goes
    _guard: Guarded,
    place: Place,
    port: u16,
}

/// For tests: a server with alice (`alice-secret`), or none with a printed line where it is missing.
///
/// # Panics
/// When it is missing and `CI=true`, and when it is there but does not start.
pub fn require_cyrus() -> Option<Cyrus> {
    require("cyrus", || Cyrus::start(&[User::new("alice", "alice-secret")]))
}

impl Cyrus {
    /// Starts a server and waits until it greets.
    pub fn start(users: &[User]) -> io::Result<Self> {
        let mut last = io::Error::other("never tried");
        for _ in 0..3 {
            // a free port may be taken by somebody else before Cyrus binds it
            match Self::try_start(users) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = error,
                outcome => return outcome,
            }
        }
        Err(last)
    }

    fn try_start(users: &[User]) -> io::Result<Self> {
        let place = Place::make("cyrus")?;
        for directory in ["lib", "spool", "run"] {
            place.make_directory(directory)?;
        }
        for user in users {
            add(&place, user)?;
        }
        let port = free_port()?;
        let settings = place.path().join("imapd.conf");
        fs::write(&settings, settings_file(&place))?;
        let services = place.path().join("cyrus.conf");
        fs::write(&services, services_file(&place, port))?;
        let mut command = place.owners_wrapped_command("usr/lib/cyrus/bin/master");
        command.arg("-D").arg("-C").arg(settings).arg("-M").arg(services);
        command.arg("-p").arg(place.path().join("run/master.pid"));
        let guard = Guarded::quiet(place.path(), &command)?;
        let cyrus = Self { _guard: guard, port, place };
        cyrus.wait_until_ready()?;
        Ok(cyrus)
    }

    fn wait_until_ready(&self) -> io::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            match greeting(self.port) {
                Some(line) if line.contains(&self.place.name()) => return Ok(()),
                Some(_) => return Err(io::ErrorKind::AddrInUse.into()),
                None if Instant::now() > deadline => {
                    let said = fs::read_to_string(self.place.path().join("stderr")).unwrap_or_default();
                    return Err(io::Error::other(format!("Cyrus greets nobody: {said}")));
                }
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// Where it speaks IMAP.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The directory with all that it writes; gone when the server stops.
    pub fn directory(&self) -> &Path {
        self.place.path()
    }
}

/// Adds a password to the file that SASL reads.
fn add(place: &Place, user: &User) -> io::Result<()> {
    use std::io::Write as _;
    let file = place.path().join("passwords");
    let mut command: Command = place.command("usr/sbin/saslpasswd2");
    command.args(["-p", "-c", "-u", &place.name(), "-f"]).arg(&file).arg(&user.name);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    child.stdin.take().map_or(Ok(()), |mut input| input.write_all(user.password.as_bytes()))?;
    if !child.wait()?.success() {
        return Err(io::Error::other("saslpasswd2 failed"));
    }
    place.give(&file)
}

fn settings_file(place: &Place) -> String {
    let (directory, name, owner) = (place.path().display(), place.name(), &place.owner.name);
    format!(
        "configdirectory: {directory}/lib\n\
         defaultpartition: default\n\
         partition-default: {directory}/spool\n\
         proc_path: {directory}/run/proc\n\
         mboxname_lockpath: {directory}/run/lock\n\
         cyrus_user: {owner}\n\
         servername: {name}\n\
         admins: admin\n\
         altnamespace: yes\n\
         unixhierarchysep: yes\n\
         allowplaintext: yes\n\
         failedloginpause: 0\n\
         sasl_mech_list: PLAIN\n\
         sasl_pwcheck_method: auxprop\n\
         sasl_auxprop_plugin: sasldb\n\
         sasl_sasldb_path: {directory}/passwords\n\
         autocreate_quota: 0\n\
         autocreate_inbox_folders: Sent | Drafts | Trash | Spam | Archive\n\
         xlist-sent: Sent\nxlist-drafts: Drafts\nxlist-trash: Trash\nxlist-junk: Spam\nxlist-archive: Archive\n"
    )
}

fn services_file(place: &Place, port: u16) -> String {
    let bin = place.program("usr/lib/cyrus/bin");
    let (bin, directory) = (bin.display(), place.path().display());
    format!(
        "START {{\n  recover cmd=\"{bin}/ctl_cyrusdb -C {directory}/imapd.conf -r\"\n}}\n\
         SERVICES {{\n  imap cmd=\"{bin}/imapd -C {directory}/imapd.conf\" listen=\"127.0.0.1:{port}\" \
         proto=\"tcp4\" prefork=1\n}}\nEVENTS {{\n}}\n"
    )
}
