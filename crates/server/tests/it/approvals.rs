//! Waiting messages on the command line. Approving takes a terminal; a program without one cannot say yes.

use std::{
    io,
    process::{Command, Stdio},
    sync::Arc,
};

use axum::body::Bytes;
use domain::{ApprovalId, ApprovalReason, FixedClock, GrantId, HomeAccount, OutboxId, Random, Timestamp};
use engine::outbox::frozen_hash;
use storage::{
    Database, Frozen, MasterKey, NewApproval, NewOutgoing, Outgoing, OutgoingState, Pieces, Store,
};

use crate::world::{Said, World};

const STORED: &str = "From: Alice <alice@example.org>\r\nBcc: eve@example.net\r\n\
    To: \"bob@example.net (1 of 1)\" <bob@example.net>, nobody@example.net\r\nSubject: Hi =?utf-8?q?=1B[2J?=\r\n\
    MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
    Hello\x1b[2J\r\n\r\nto        bob@example.net\r\n\r\nLet it leave? Type `yes`: yes\r\n\
    --b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=plan.pdf\r\n\r\nxyz\r\n\
    --b--\r\n";
const BCC: std::ops::Range<u64> = 33..55;

struct Whole(Option<Bytes>);

impl Pieces for Whole {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        Ok(self.0.take())
    }
}

struct Nonces;

impl Random for Nonces {
    fn fill(&self, bytes: &mut [u8]) {
        let mut seed = [0; 16];
        let _ = std::fs::File::open("/dev/urandom")
            .and_then(|mut file| io::Read::read_exact(&mut file, &mut seed));
        bytes.iter_mut().zip(seed.iter().cycle()).for_each(|(byte, seed)| *byte = *seed);
    }
}

/// What the commands work on, as another process has it.
pub(crate) async fn store(world: &World) -> Store {
    let database = Database::open_file(&world.path("data/postroom.db")).await.unwrap();
    let key = MasterKey::load(&world.path("data/master.key")).unwrap();
    let clock = FixedClock(Timestamp::from_unix_timestamp(1_790_000_000).unwrap());
    Store::open(database, key, Arc::new(clock), Arc::new(Nonces)).await.unwrap()
}

/// A message of alice's that waits until the year 2100.
async fn ask(world: &World, number: u8) -> ApprovalId {
    ask_with(world, number, STORED).await
}

/// The same, with this stored in place of what was frozen.
async fn ask_with(world: &World, number: u8, kept: &str) -> ApprovalId {
    ask_about(world, number, (STORED, BCC), kept).await
}

/// A message of alice's that waits until the year 2100, frozen as this and with its Bcc field there.
pub(crate) fn waiting(world: &World, number: u8, frozen: &str) -> ApprovalId {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(ask_about(world, number, (frozen, 0..0), frozen))
}

async fn ask_about(
    world: &World,
    number: u8,
    (frozen, bcc): (&str, std::ops::Range<u64>),
    kept: &str,
) -> ApprovalId {
    let store = store(world).await;
    let id = ApprovalId::from_random([number; 16]);
    let expires = Timestamp::from_unix_timestamp(4_102_444_800).unwrap();
    let recipients = ["bob@example.net", "carla@example.net", "eve@example.net"].map(str::to_owned);
    let hash = frozen_hash("alice@example.org", &recipients, &bcc, frozen.as_bytes());
    let new = NewOutgoing {
        id: OutboxId::from_random([number; 16]),
        grant: GrantId::from_random([1; 16]),
        user: "alice".to_owned(),
        client: "claude".to_owned(),
        account: HomeAccount::Carried([1; 32]),
        account_name: "home".parse().unwrap(),
        key: number.to_string(),
        key_until: None,
        content: [0; 32],
        frozen: Frozen {
            from: "alice@example.org".to_owned(),
            recipients: recipients.to_vec(),
            message_id: "<1@example.org>".to_owned(),
            subject: "Hi \u{202e}\u{1b}[2J".to_owned(),
            size: frozen.len() as u64,
            bcc,
            hash,
            preview: "Hello".to_owned(),
            ..Frozen::default()
        },
        state: OutgoingState::Waiting,
        due: Timestamp::from_unix_timestamp(1_790_000_000).unwrap(),
        approval: Some(NewApproval {
            id: id.clone(),
            reasons: vec![ApprovalReason::NewRecipient { address: "eve@example.net".to_owned() }],
            expires,
            is_to_be_told: true,
        }),
        new_recipients: 1,
    };
    store.outbox_add(&new, Whole(Some(Bytes::copy_from_slice(kept.as_bytes())))).await.unwrap();
    store.close().await;
    id
}

async fn find(world: &World, id: &ApprovalId) -> Outgoing {
    let store = store(world).await;
    let found = store.approval_find(id).await.unwrap().unwrap();
    store.close().await;
    found
}

/// Runs a command in a session of its own that has no terminal, whatever this test has.
fn without_terminal(world: &World, arguments: &[&str]) -> Said {
    let of = world.command(arguments);
    let mut command = Command::new("setsid");
    command.arg("--wait").arg(of.get_program()).args(of.get_args());
    said(copy(&of, command), "yes\n")
}

/// Runs a command on a terminal of its own, at which somebody types `typed`.
fn at_a_terminal(world: &World, arguments: &[&str], typed: &str) -> Said {
    const SPAWN: &str = "import pty, sys, os; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    let of = world.command(arguments);
    let mut command = Command::new("python3");
    command.args(["-c", SPAWN]).arg(of.get_program()).args(of.get_args());
    said(copy(&of, command), typed)
}

fn copy(of: &Command, mut to: Command) -> Command {
    to.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    to.envs(of.get_envs().filter_map(|(name, value)| Some((name, value?))));
    to.current_dir(of.get_current_dir().unwrap());
    to
}

fn said(mut command: Command, input: &str) -> Said {
    use std::io::Write as _;
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let _ = stdin.write_all(input.as_bytes());
    // open until the end: a terminal whose other side is gone hangs up
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    Said {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// What a person must see of it.
const LINES: [&str; 11] = [
    "agent     claude of alice",
    "from      alice@example.org \"Alice\"",
    "to        bob@example.net (1 of 3) \"bob@example.net (1 of 1)\"",
    "to        nobody@example.net DOES NOT GET IT: it only stands in this field",
    "bcc       eve@example.net (3 of 3) hidden from all others",
    "unnamed   carla@example.net (2 of 3) GETS IT although no field names it",
    "subject   Hi [2J",
    "file      plan.pdf, application/pdf, 3 octets",
    "because   eve@example.net: never written to before.",
    "  | Hello\u{fffd}[2J",
    "  | to        bob@example.net",
];

#[tokio::test]
async fn what_waits_is_listed_and_shown_with_every_recipient_and_can_be_read_as_it_is_stored() {
    let world = World::new();
    world.add_user("alice");
    world.add_user("bob");
    let id = ask(&world, 1).await;
    let listed = world.run(&["approval", "list", "--json"]).json();
    assert_eq!((&listed[0]["id"], &listed[0]["user"]), (&id.as_str().into(), &"alice".into()));
    assert_eq!(world.run(&["approval", "list", "--user", "bob", "--json"]).json(), serde_json::json!([]));
    world.run(&["approval", "list", "--user", "bbo"]).failed_with(1, &["Did you mean `bob`?"]);
    assert!(world.run(&["approval", "list"]).stdout.contains("bob@example.net +2"));

    let shown = world.run(&["approval", "show", id.as_str()]);
    for line in LINES {
        assert!(shown.stdout.lines().any(|said| said == line), "{line}: {}", shown.stdout);
    }
    assert!(!shown.stdout.contains('\u{1b}') && !shown.stdout.contains('\u{202e}'), "{shown:?}");
    let told = world.run(&["approval", "show", id.as_str(), "--json"]).json();
    let address =
        |field: &str, at: usize| (told[field][at]["address"].clone(), told[field][at]["gets_it"].clone());
    assert_eq!(address("to", 0), ("bob@example.net".into(), true.into()));
    assert_eq!(address("to", 1), ("nobody@example.net".into(), false.into()));
    assert_eq!(address("bcc", 0), ("eve@example.net".into(), true.into()));
    assert_eq!(address("unnamed", 0), ("carla@example.net".into(), true.into()));
    assert_eq!(told["attachments"][0]["name"], "plan.pdf");
    let reason = serde_json::json!({
        "kind": "new-recipient",
        "address": "eve@example.net",
        "text": "eve@example.net: never written to before.",
    });
    assert_eq!((&told["reasons"][0], &listed[0]["reasons"][0]), (&reason, &reason));
    assert!(told["text"].as_str().unwrap().contains("Hello\u{1b}[2J"), "{told}");
    let raw = world.run(&["approval", "show", id.as_str(), "--raw"]);
    assert_eq!(raw.stdout, STORED);
    let raw = at_a_terminal(&world, &["approval", "show", id.as_str(), "--raw"], "");
    assert!(raw.status != 0 && raw.stdout.contains("not written to a terminal"), "{raw:?}");
    assert!(!raw.stdout.contains("\u{1b}[2J"), "{raw:?}");
    let of_bob = world.run(&["approval", "show", id.as_str(), "--user", "bob"]);
    of_bob.failed_with(1, &["no approval", "approval list"]);
}

#[tokio::test]
async fn approving_without_a_terminal_is_refused_and_denying_is_not() {
    let world = World::new();
    world.add_user("alice");
    let id = ask(&world, 1).await;
    let refused = without_terminal(&world, &["approval", "approve", id.as_str()]);
    refused.failed_with(1, &["needs a terminal", "terminal of your own"]);
    assert_eq!(find(&world, &id).await.state, OutgoingState::Waiting);
    let denied = without_terminal(&world, &["approval", "deny", id.as_str(), "--json"]).json();
    assert_eq!((&denied["state"], &denied["status"]), (&"denied".into(), &"denied".into()));
    world.run(&["approval", "deny", id.as_str()]).failed_with(1, &["decided before", "denied"]);
}

#[tokio::test]
async fn a_person_at_a_terminal_sees_the_message_and_types_yes() {
    let world = World::new();
    world.add_user("alice");
    let id = ask(&world, 1).await;
    let no = at_a_terminal(&world, &["approval", "approve", id.as_str()], "y\n");
    assert!(no.status == 1 && no.stdout.contains("still waits"), "{no:?}");
    assert_eq!(find(&world, &id).await.state, OutgoingState::Waiting);
    let yes = at_a_terminal(&world, &["approval", "approve", id.as_str()], "yes\n");
    assert_eq!(yes.status, 0, "{yes:?}");
    for line in LINES {
        assert!(yes.stdout.lines().any(|said| said == line), "{line}: {}", yes.stdout);
    }
    assert!(!yes.stdout.contains('\u{1b}') && !yes.stdout.contains('\u{202e}'), "{yes:?}");
    let last = "Let it leave for bob@example.net, carla@example.net, eve@example.net? Type `yes`: ";
    assert!(yes.stdout.contains(&format!("\n{last}")), "{}", yes.stdout);
    // what a message says never stands where our own lines stand
    let ours = yes.stdout.lines().filter(|line| line.starts_with("Let it leave")).count();
    let to = yes.stdout.lines().filter(|line| line.starts_with("to ")).count();
    assert_eq!((ours, to), (1, 2), "{}", yes.stdout);
    let found = find(&world, &id).await;
    assert_eq!(
        (found.state, found.approval.unwrap().by.as_deref()),
        (OutgoingState::Ready, Some("terminal"))
    );
    let again = at_a_terminal(&world, &["approval", "approve", id.as_str()], "yes\n");
    assert!(again.status == 1 && again.stdout.contains("decided before"), "{again:?}");
}

#[tokio::test]
async fn what_is_not_what_was_frozen_is_neither_shown_nor_approved() {
    let world = World::new();
    world.add_user("alice");
    let id = ask_with(&world, 1, &STORED.replace("Hello", "Hallo")).await;
    let words = "not what was frozen";
    let refused = at_a_terminal(&world, &["approval", "approve", id.as_str()], "yes\n");
    assert!(refused.status == 1 && refused.stdout.contains(words), "{refused:?}");
    assert!(!refused.stdout.contains("Hallo"), "{refused:?}");
    assert_eq!(find(&world, &id).await.state, OutgoingState::Waiting);
    for more in [&[][..], &["--raw"], &["--json"]] {
        let arguments = [&["approval", "show", id.as_str()][..], more].concat();
        let refused = world.run(&arguments);
        refused.failed_with(1, &[words, "Deny it"]);
        assert!(refused.stdout.is_empty(), "{refused:?}");
    }
    assert_eq!(world.run(&["approval", "deny", id.as_str()]).status, 0);
    let shown = world.run(&["approval", "show", id.as_str()]);
    for part in ["eve@example.net (3 of 3)", "text      is kept no longer"] {
        assert!(shown.stdout.contains(part), "{part}: {shown:?}");
    }
}

#[tokio::test]
async fn a_token_holds_what_may_leave_under_it() {
    let world = World::new().with("POSTROOM_APPROVAL", "always");
    world.add_user("alice");
    let new = |label: &str, more: &[&str]| {
        let arguments = ["token", "new", "--user", "alice", "--name", label, "--scopes", "send", "--json"];
        world.run(&[&arguments[..], more].concat()).json()
    };
    let plain = new("plain", &[]);
    assert_eq!((&plain["approval"], &plain["approval_place"]), (&"always".into(), &"page".into()));
    let own = new(
        "own",
        &[
            "--approval",
            "never",
            "--approval-place",
            "client",
            "--recipients",
            "bob@example.net,*@example.org",
            "--sends-per-hour",
            "5",
        ],
    );
    assert_eq!((&own["approval"], &own["approval_place"]), (&"never".into(), &"client".into()));
    assert_eq!(own["recipients"], serde_json::json!(["bob@example.net", "*@example.org"]));
    assert_eq!(own["sends_per_hour"], 5);
    let listed = world.run(&["token", "list", "--user", "alice"]).stdout;
    assert!(listed.contains("asks never; in the client; only to 2 recipients; 5 an hour"), "{listed}");
    assert!(listed.contains("asks always"), "{listed}");
}
