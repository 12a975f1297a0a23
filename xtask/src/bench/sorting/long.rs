//! A confirmed plan of twenty thousand messages, marked and moved, in turns with the bare commands: over stdio,
//! whose journal is in memory, and by the hosted server, which writes it to SQLite.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use testkit::McpHttp;

use super::{FROM, HUNDRED, TO, bare, confirming, expect_done, listing, newest};
use crate::{
    Failure,
    bench::{
        MANY, World,
        children::Running,
        end_of,
        floor::Floor,
        hosted::Hosted,
        new_directory,
        product::{Product, Timed},
        report::Row,
        samples::{Pair, take_turns},
    },
};

/// Messages of the long plan: the most that one takes.
pub(super) const ALL: u32 = 20_000;

/// Rounds of marks: as many that set one as that take it away, so that who comes next finds the folder as it was.
const MARKS: usize = 4;

/// Rounds of moves.
const ROUNDS: usize = 3;

/// How much more memory the long plan may take than one of a hundred, in kB.
const GROWTH: u64 = 8_000_000 / 1_024;

/// Whoever calls tools.
trait Agent {
    /// Calls a tool, which must succeed.
    fn call(&mut self, tool: &str, arguments: &Value) -> Result<Timed, Failure>;

    /// The process that answers.
    fn server(&self) -> &Running;

    /// What is told of the journal that it writes.
    fn told(&self) -> &'static str;
}

impl Agent for Product {
    fn call(&mut self, tool: &str, arguments: &Value) -> Result<Timed, Failure> {
        Self::call(self, tool, arguments)
    }

    fn server(&self) -> &Running {
        &self.running
    }

    fn told(&self) -> &'static str {
        ""
    }
}

/// A client of the hosted server, on a connection for each call.
struct Remote<'a> {
    hosted: &'a Hosted<'a>,
    running: Running,
    client: McpHttp,
}

impl Agent for Remote<'_> {
    fn call(&mut self, tool: &str, arguments: &Value) -> Result<Timed, Failure> {
        let started = Instant::now();
        let answer = self.client.call(tool, arguments)?;
        let took = started.elapsed();
        let value = answer.structured().clone();
        if value.is_null() {
            let log = end_of(&self.hosted.log());
            return Err(Failure::Failed(format!("`{tool}` answered {}\n{log}", answer.text())));
        }
        Ok(Timed { value, took })
    }

    fn server(&self) -> &Running {
        &self.running
    }

    fn told(&self) -> &'static str {
        ", `serve` with SQLite"
    }
}

/// Measures both.
pub(super) fn measure(world: &World, floor: &mut Floor) -> Result<Vec<Row>, Failure> {
    let mut rows = of(&mut Product::start(world, world.dovecot.imap_port(), MANY)?, floor)?;
    let place = new_directory(world, "sorting")?;
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let hosted = Hosted { world, place: &place, port };
    let scopes = ["--scopes", "mail:search mail:read mail:modify"];
    let bearer = hosted.set_up(MANY, &[], &scopes)?;
    let running = hosted.start()?;
    let client = McpHttp::connect(port, &bearer)?;
    rows.extend(of(&mut Remote { hosted: &hosted, running, client }, floor)?);
    Ok(rows)
}

fn of(agent: &mut impl Agent, floor: &mut Floor) -> Result<Vec<Row>, Failure> {
    let found = agent.call("mail_search", &listing(FROM, HUNDRED))?.value;
    let wish = json!({ "ids": newest(&found, HUNDRED)?, "do": "read" });
    let plan = agent.call("mail_organize", &wish)?.value;
    expect_done(&agent.call("mail_organize", &confirming(wish, &plan)?)?.value, HUNDRED)?;
    let before = agent.server().peak_kb()?;
    let marks = take_turns(
        0,
        MARKS,
        |round| {
            let action = if round % 2 == 0 { "star" } else { "unstar" };
            whole(agent, json!({ "do": action }))
        },
        |round| {
            let sign = if round % 2 == 0 { '+' } else { '-' };
            bare(floor, FROM, &format!("UID STORE 1:* {sign}FLAGS.SILENT (\\Answered)"))
        },
    )?;
    let moves = take_turns(
        0,
        ROUNDS,
        |_| whole(agent, json!({ "do": "move", "to_folder": TO })),
        |_| bare(floor, TO, &format!("UID MOVE 1:* {FROM}")),
    )?;
    let grown = agent.server().peak_kb()?.saturating_sub(before);
    let where_to = agent.told();
    let row = |what: &str, pair, rounds: usize| {
        let told = format!("a confirmed plan that {what} {ALL} messages{where_to} ({rounds} rounds)");
        Row::times(&told, pair).target("≤ 2 × floor", ratio(pair) <= 2.0)
    };
    let growth = format!("marking and moving {ALL}{where_to}: growth of VmHWM after a plan of {HUNDRED}");
    Ok(vec![
        row("marks", &marks, MARKS),
        row("moves", &moves, ROUNDS),
        Row::memory_growth(&growth, grown, GROWTH),
    ])
}

/// Has all messages of the folder changed, and tells how long it took from the yes to the plan.
fn whole(agent: &mut impl Agent, mut wish: Value) -> Result<Duration, Failure> {
    wish["query"] = json!("");
    wish["folder"] = json!(FROM);
    let plan = agent.call("mail_organize", &wish)?.value;
    let timed = agent.call("mail_organize", &confirming(wish, &plan)?)?;
    expect_done(&timed.value, usize::try_from(ALL).unwrap_or(0))?;
    Ok(timed.took)
}

fn ratio(pair: &Pair) -> f64 {
    pair.product.median().as_secs_f64() / pair.floor.median().as_secs_f64().max(1e-9)
}
