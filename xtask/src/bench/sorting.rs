//! Sorting: what marking and moving a hundred messages takes in round trips and time, and how long a confirmed
//! plan of twenty thousand takes against the bare commands, and how much memory.

mod long;

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Mail, Maildir, maildir::Numbering};

use self::long::ALL;
use super::{
    MANY, World, flights::Counted, floor::Floor, product::Product, report::Row, samples::take_turns,
    seconds_now,
};
use crate::Failure;

/// Where the messages lie, and where they are moved.
const FROM: &str = "Sorting";
const TO: &str = "Sorted";

/// Ids of a call that needs no plan.
const FEW: usize = 50;

/// Ids of a page, which need one.
const HUNDRED: usize = 100;

/// Rounds of a hundred: each takes two calls, and at most sixty in a row are let through.
const ROUNDS: usize = 25;

/// Fills the folders and measures all of it.
pub(super) fn measure(world: &World) -> Result<Vec<Row>, Failure> {
    let (many, now) = (Maildir::of(&world.dovecot, MANY.user)?, seconds_now());
    let numbering = |number: u32| Numbering { uid_validity: 1_800_000_000 + number, first_uid: 1 };
    many.fill(FROM, numbering(1), (0..ALL).map(|number| letter(number, now)))?;
    many.fill(TO, numbering(2), [])?;
    let mut rows = round_trips(world)?;
    rows.extend(times(world)?);
    Ok(rows)
}

fn letter(number: u32, now: u64) -> Mail {
    let raw = format!(
        "From: Bob <bob@example.org>\r\nTo: alice@example.org\r\nSubject: To be sorted {number}\r\n\
         Message-ID: <sorting-{number}@example.org>\r\n\r\nText {number}.\r\n"
    );
    Mail::new(raw, now - u64::from(ALL) + u64::from(number))
}

/// The newest ids in a folder.
fn newest(found: &Value, count: usize) -> Result<Vec<Value>, Failure> {
    let ids: Vec<Value> =
        found["messages"].as_array().into_iter().flatten().map(|row| row["id"].clone()).collect();
    if ids.len() == count {
        Ok(ids)
    } else {
        Err(Failure::Failed(format!("{count} rows are wanted of {found}")))
    }
}

fn listing(folder: &str, count: usize) -> Value {
    json!({ "folder": folder, "limit": count })
}

/// The wish that a plan was answered for, and its confirmation.
fn confirming(mut wish: Value, plan: &Value) -> Result<Value, Failure> {
    let confirm = plan["plan"]["confirm"].clone();
    if confirm.is_null() {
        return Err(Failure::Failed(format!("no plan: {plan}")));
    }
    wish["confirm"] = confirm;
    Ok(wish)
}

/// A median of what was not done would say nothing.
fn expect_done(answer: &Value, count: usize) -> Result<(), Failure> {
    let named = answer["done"].as_array().map(Vec::len);
    let done = answer["done_count"].as_u64().and_then(|done| usize::try_from(done).ok()).or(named);
    if done == Some(count) {
        return Ok(());
    }
    Err(Failure::Failed(format!("{count} were to be changed: {answer}")))
}

fn round_trips(world: &World) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    let mut row = |what: &str, flights: usize, at_most: usize| {
        rows.push(Row::count(&format!("round trips: {what}"), flights, at_most));
    };
    let mut counted = Counted::start(world)?;
    let (found, _) = counted.call("mail_search", &listing(FROM, FEW))?;
    let ids = newest(&found, FEW)?;
    let change = |counted: &mut Counted, wish: Value| -> Result<(Value, usize), Failure> {
        let (answer, flights) = counted.call("mail_organize", &wish)?;
        expect_done(&answer, FEW)?;
        Ok((answer, flights))
    };
    let elsewhere = listing("@inbox", 1);
    let star = json!({ "ids": ids, "do": "star" });
    let there = json!({ "ids": ids, "do": "move", "to_folder": TO });
    row(&format!("mark {FEW} messages just listed"), change(&mut counted, star.clone())?.1, 1);
    counted.call("mail_search", &elsewhere)?;
    row("the same, folder not selected", change(&mut counted, star)?.1, 2);
    let (moved, flights) = change(&mut counted, there)?;
    row(&format!("move {FEW} messages, folder selected"), flights, 1);
    let back: Vec<Value> =
        moved["done"].as_array().into_iter().flatten().map(|one| one["new_id"].clone()).collect();
    let back = json!({ "ids": back, "do": "move", "to_folder": FROM });
    row("the same back, folder not selected", change(&mut counted, back)?.1, 2);

    let (found, _) = counted.call("mail_search", &listing(FROM, HUNDRED))?;
    let wish = json!({ "ids": newest(&found, HUNDRED)?, "do": "unstar" });
    let (plan, _) = counted.call("mail_organize", &wish)?;
    let (answer, flights) = counted.call("mail_organize", &confirming(wish, &plan)?)?;
    expect_done(&answer, HUNDRED)?;
    row(&format!("a confirmed plan for {HUNDRED} messages, folder selected"), flights, 1);
    Ok(rows)
}

/// The bare command in a folder that is open and has everything.
fn bare(floor: &mut Floor, folder: &str, command: &str) -> Result<Duration, Failure> {
    floor.run(&format!("SELECT {folder}"))?;
    let exists = floor.number(" EXISTS")?;
    if exists != ALL {
        return Err(Failure::Failed(format!("{folder} has {exists} messages instead of {ALL}")));
    }
    floor.run(command)
}

fn times(world: &World) -> Result<Vec<Row>, Failure> {
    let mut floor = Floor::sign_in(world.dovecot.imap_port(), MANY.user, MANY.password)?;
    let rounds = ROUNDS.min(world.rounds);
    let mut product = Product::start(world, world.dovecot.imap_port(), MANY)?;
    let newest_hundred = newest(&product.call("mail_search", &listing(FROM, HUNDRED))?.value, HUNDRED)?;
    let uids = format!("{}:{ALL}", ALL + 1 - u32::try_from(HUNDRED).unwrap_or(1));
    let mark = take_turns(
        1,
        rounds,
        |round| {
            let action = if round % 2 == 0 { "star" } else { "unstar" };
            let wish = json!({ "ids": newest_hundred, "do": action });
            let plan = product.call("mail_organize", &wish)?.value;
            let timed = product.call("mail_organize", &confirming(wish, &plan)?)?;
            expect_done(&timed.value, HUNDRED)?;
            Ok(timed.took)
        },
        |round| {
            let sign = if round % 2 == 0 { '+' } else { '-' };
            bare(&mut floor, FROM, &format!("UID STORE {uids} {sign}FLAGS.SILENT (\\Answered)"))
        },
    )?;

    let mut rows =
        vec![Row::times(&format!("mark {HUNDRED} messages, plan confirmed ({rounds} rounds)"), &mark)];
    drop(product);
    rows.extend(long::measure(world, &mut floor)?);
    Ok(rows)
}
