//! The sample mailbox as a real server shows it.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use testkit::{Maildir, Options, require_dovecot, sample};

#[test]
#[expect(clippy::disallowed_methods, reason = "speaks to the server over a raw socket")]
fn a_real_server_finds_its_way_through_every_sample() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let count = sample::fill(&Maildir::of(&dovecot, "alice").unwrap(), 1_790_000_000).unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", dovecot.imap_port())).unwrap();
    let mut commands = String::from("a LOGIN alice alice-secret\r\n");
    for folder in sample::FOLDERS {
        commands += "a EXAMINE \"";
        commands += &folder.replace('ü', "&APw-");
        commands += "\"\r\n";
        commands += "a FETCH 1:* (UID INTERNALDATE ENVELOPE BODYSTRUCTURE)\r\n";
    }
    commands.push_str("a LSUB \"\" *\r\na LOGOUT\r\n");
    stream.write_all(commands.as_bytes()).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    assert_eq!(said.matches(" FETCH (").count(), count, "{}", dovecot.log());
    assert!(!said.contains("a NO") && !said.contains("a BAD"), "{said}");
    for seen in ["\"message\" \"rfc822\"", "\"calendar\"", "\"related\"", "\"alternative\"", "iso-8859-1"] {
        assert!(said.contains(seen), "{seen}");
    }
    assert!(said.contains("\"Projekte/K&APw-che\"") || said.contains("Projekte/K&APw-che"), "subscribed");
    assert!(!dovecot.log().contains("Error"), "{}", dovecot.log());
}
