//! Listing, reading, folders and searching over stdio, each against the same commands on a plain socket.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    MANY, World,
    floor::Floor,
    letters::{self, Kind},
    product::Product,
    report::Row,
    samples::{Pair, Samples, take_turns},
};
use crate::Failure;

/// Rows of the first page that is measured.
pub(super) const NEWEST: u32 = 50;
const FOUND: usize = 20;
const WARM_UP: usize = 5;
/// A first call takes a new sign-in on both sides.
const FIRST_CALLS: usize = 15;

/// The items of a row, as the product asks for them.
const ROW: &str = "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE \
     BODY.PEEK[HEADER.FIELDS (REFERENCES LIST-ID LIST-UNSUBSCRIBE AUTHENTICATION-RESULTS REPLY-TO)])";
const FOLDERS: &str =
    "LIST \"\" \"*\" RETURN (SUBSCRIBED SPECIAL-USE STATUS (MESSAGES UNSEEN UIDNEXT UIDVALIDITY))";

/// Measures all of it. Each measurement has a process of its own, since calls of one are rationed; the most
/// memory that any of them has after its work is the last row.
pub(super) fn measure(world: &World) -> Result<Vec<Row>, Failure> {
    let mut floor = sign_in(world)?;
    let exists = examine(&mut floor, world)?;
    let mut memory = 0;
    let mut with_product = |work: &mut dyn FnMut(&mut Product) -> Result<Pair, Failure>| {
        let mut product = Product::start(world, world.dovecot.imap_port(), MANY)?;
        let pair = work(&mut product)?;
        memory = product.running.resident_kb()?.max(memory);
        Ok::<Pair, Failure>(pair)
    };
    let listed = with_product(&mut |product| newest(world, product, &mut floor, exists))?;
    let read = with_product(&mut |product| reading(world, product, &mut floor))?;
    let folders = with_product(&mut |product| folders(world, product, &mut floor))?;
    let found = with_product(&mut |product| searching(world, product, &mut floor))?;
    drop(floor);
    let first = first_calls(world)?;
    let unopened = folders_unopened(world)?;

    let three_times = listed.floor.median() * 3;
    let read_limit = (read.floor.median() * 4).min(read.floor.median() + Duration::from_millis(1));
    let search_limit = found.floor.median().mul_f64(1.1) + Duration::from_millis(5);
    Ok(vec![
        Row::times(&format!("newest {NEWEST} rows, folder selected"), &listed)
            .target("≤ 3 × floor", listed.product.median() <= three_times),
        Row::times(&format!("the same, first call after SELECT ({FIRST_CALLS} rounds)"), &first),
        Row::times("read one text message after a listing", &read)
            .target("≤ 4 × floor and ≤ floor + 1 ms", read.product.median() <= read_limit),
        Row::times("folders with counts", &folders)
            .target("≤ 2 ms", folders.product.median() <= Duration::from_millis(2)),
        Row::times(&format!("the same, no folder selected ({FIRST_CALLS} rounds)"), &unopened),
        Row::times(&format!("subject search in the inbox, {FOUND} rows"), &found)
            .target("≤ 1.1 × floor + 5 ms", found.product.median() <= search_limit),
        Row::memory("`stdio`: VmRSS after the work above, the most of any", memory, 60),
    ])
}

fn newest(world: &World, product: &mut Product, floor: &mut Floor, exists: u32) -> Result<Pair, Failure> {
    let arguments = json!({ "folder": "@inbox", "limit": NEWEST });
    let command = newest_command(exists);
    take_turns(
        WARM_UP,
        world.rounds,
        |_| {
            let answer = product.call("mail_search", &arguments)?;
            expect_rows(&answer.value, NEWEST as usize)?;
            Ok(answer.took)
        },
        |_| {
            let took = floor.run(&command)?;
            expect_fetched(floor, NEWEST as usize)?;
            Ok(took)
        },
    )
}

/// The floor's command for the newest rows of a mailbox of `exists` messages.
pub(super) fn newest_command(exists: u32) -> String {
    format!("FETCH {}:* {ROW}", exists.saturating_sub(NEWEST - 1).max(1))
}

/// A call in a process and on a connection of its own; signing in and listing folders come before the clock.
fn first_calls(world: &World) -> Result<Pair, Failure> {
    let arguments = json!({ "folder": "@inbox", "limit": NEWEST });
    take_turns(
        1,
        FIRST_CALLS,
        |_| {
            let mut product = Product::start(world, world.dovecot.imap_port(), MANY)?;
            product.call("mail_folders", &json!({}))?;
            let answer = product.call("mail_search", &arguments)?;
            expect_rows(&answer.value, NEWEST as usize)?;
            Ok(answer.took)
        },
        |_| {
            let mut floor = sign_in(world)?;
            floor.run(FOLDERS)?;
            let opened = floor.run("EXAMINE INBOX")?;
            let exists = floor.number(" EXISTS")?;
            let took = floor.run(&newest_command(exists))?;
            expect_fetched(&floor, NEWEST as usize)?;
            Ok(opened + took)
        },
    )
}

/// Each round reads messages that nobody read before: every other plain one for each side.
fn reading(world: &World, product: &mut Product, floor: &mut Floor) -> Result<Pair, Failure> {
    let wanted = 2 * (WARM_UP + world.rounds);
    let mut ids: Vec<(String, u32)> = Vec::new();
    let mut arguments = json!({ "folder": "@inbox", "limit": 100 });
    while ids.len() < wanted {
        let page = product.call("mail_search", &arguments)?.value;
        let rows = page["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        for id in rows.iter().filter_map(|row| row["id"].as_str()) {
            let uid = uid_of(id)?;
            if letters::kind(uid - 1) == Kind::Plain {
                ids.push((id.to_owned(), uid));
            }
        }
        let Some(cursor) = page["next_cursor"].as_str() else {
            return Err(Failure::Failed("the listing ended too early".into()));
        };
        arguments["cursor"] = json!(cursor);
    }
    take_turns(
        WARM_UP,
        world.rounds,
        |number| {
            let (id, _) = &ids[number * 2];
            let answer = product.call("mail_read", &json!({ "ids": [id] }))?;
            let body = answer.value["messages"][0]["body"].as_str().unwrap_or_default();
            if !body.contains("Hi Alice") {
                return Err(Failure::Failed(format!("mail_read of {id} answered {}", answer.value)));
            }
            Ok(answer.took)
        },
        |number| {
            let (_, uid) = &ids[number * 2 + 1];
            let took = floor.run(&format!("UID FETCH {uid} (UID FLAGS BODY.PEEK[HEADER] BODY.PEEK[1])"))?;
            expect_fetched(floor, 1)?;
            Ok(took)
        },
    )
}

/// With INBOX open on both sides, as it is once anything was listed.
fn folders(world: &World, product: &mut Product, floor: &mut Floor) -> Result<Pair, Failure> {
    product.call("mail_search", &json!({ "folder": "@inbox", "limit": 1 }))?;
    take_turns(WARM_UP, world.rounds, |_| count_folders(world, product), |_| floor.run(FOLDERS))
}

/// With no folder open: the server has to look into each of them.
fn folders_unopened(world: &World) -> Result<Pair, Failure> {
    let mut product = Product::start(world, world.dovecot.imap_port(), MANY)?;
    let mut floor = sign_in(world)?;
    take_turns(1, FIRST_CALLS, |_| count_folders(world, &mut product), |_| floor.run(FOLDERS))
}

fn count_folders(world: &World, product: &mut Product) -> Result<Duration, Failure> {
    let answer = product.call("mail_folders", &json!({}))?;
    let inbox = &answer.value["folders"][0];
    if inbox["total"] == world.messages {
        Ok(answer.took)
    } else {
        Err(Failure::Failed(format!("mail_folders tells of INBOX: {inbox}")))
    }
}

fn searching(world: &World, product: &mut Product, floor: &mut Floor) -> Result<Pair, Failure> {
    let word = letters::SUBJECT_WORD;
    let arguments = json!({ "query": format!("subject:{word} in:@inbox"), "limit": FOUND });
    let search = format!("UID SEARCH RETURN (COUNT ALL) SUBJECT {word}");
    take_turns(
        WARM_UP,
        world.rounds,
        |_| {
            let answer = product.call("mail_search", &arguments)?;
            expect_rows(&answer.value, FOUND)?;
            Ok(answer.took)
        },
        |_| {
            let searched = floor.run(&search)?;
            let uids = floor.newest_found(FOUND)?;
            let fetched = floor.run(&format!("UID FETCH {uids} {ROW}"))?;
            expect_fetched(floor, FOUND)?;
            Ok(searched + fetched)
        },
    )
}

fn sign_in(world: &World) -> Result<Floor, Failure> {
    Floor::sign_in(world.dovecot.imap_port(), MANY.user, MANY.password)
}

/// Opens INBOX and tells how many messages it has.
pub(super) fn examine(floor: &mut Floor, world: &World) -> Result<u32, Failure> {
    floor.run("EXAMINE INBOX")?;
    let exists = floor.number(" EXISTS")?;
    if exists == world.messages {
        Ok(exists)
    } else {
        Err(Failure::Failed(format!("INBOX has {exists} messages instead of {}", world.messages)))
    }
}

/// The UID in `ACCOUNT/FOLDER:UID@UIDVALIDITY`.
fn uid_of(id: &str) -> Result<u32, Failure> {
    let uid = id.rsplit_once('@').and_then(|(rest, _)| rest.rsplit_once(':')).map(|(_, uid)| uid);
    uid.and_then(|uid| uid.parse().ok())
        .filter(|uid| *uid > 0)
        .ok_or_else(|| Failure::Failed(format!("`{id}` is no message id")))
}

/// A median of an answer that lacks rows would say nothing.
pub(super) fn expect_rows(answer: &Value, count: usize) -> Result<(), Failure> {
    let rows = answer["messages"].as_array().map_or(0, Vec::len);
    if rows == count {
        Ok(())
    } else {
        Err(Failure::Failed(format!("mail_search answered {rows} rows instead of {count}: {answer}")))
    }
}

fn expect_fetched(floor: &Floor, count: usize) -> Result<(), Failure> {
    let fetched = floor.fetched();
    if fetched == count {
        Ok(())
    } else {
        Err(Failure::Failed(format!("the server sent {fetched} messages instead of {count}")))
    }
}

/// How a row tells durations of one side.
pub(super) fn told(samples: &Samples) -> String {
    let ms = |duration: Duration| format!("{:.2}", duration.as_secs_f64() * 1_000.0);
    format!("{} ms ({}–{})", ms(samples.median()), ms(samples.min()), ms(samples.p90()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uid_is_read_from_the_right() {
        assert_eq!(uid_of("mail/@inbox:4711@k2x9").unwrap(), 4_711);
        assert_eq!(uid_of("mail/a:b@c:7@k").unwrap(), 7);
        assert!(uid_of("mail/@inbox@k").is_err());
        assert!(uid_of("mail/@inbox:0@k").is_err());
    }

    #[test]
    fn the_newest_rows_of_a_small_mailbox_are_all_of_them() {
        assert!(newest_command(100_000).starts_with("FETCH 99951:* (UID FLAGS "));
        assert!(newest_command(7).starts_with("FETCH 1:* "));
    }
}
