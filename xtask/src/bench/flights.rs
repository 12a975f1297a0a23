//! Round trips, the cost of a call to a real provider, counted by a proxy between the product and Dovecot:
//! how often the client spoke after it had heard something. Nothing here is timed.

use serde_json::{Value, json};
use testkit::{Proxy, deliver, proxy::Faults};

use super::{
    MANY, World,
    letters::{self, Kind},
    listing::{NEWEST, expect_rows},
    product::Product,
    report::Row,
};
use crate::Failure;

/// One product behind a counting proxy.
pub(super) struct Counted {
    proxy: Proxy,
    product: Product,
}

/// Counts the calls of the table of targets.
pub(super) fn measure(world: &World) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    let mut row = |what: &str, flights: usize, at_most: usize| {
        rows.push(Row::count(&format!("round trips: {what}"), flights, at_most));
    };
    let mut counted = Counted::start(world)?;
    counted.newest("@inbox")?;
    row(&format!("newest {NEWEST}, folder selected"), counted.newest("@inbox")?.1, 1);
    let subject = "Delivered while measuring";
    deliver(&world.dovecot, MANY.user, &format!("Subject: {subject}\r\n\r\nhello\r\n"))?;
    let (newest, flights) = counted.newest("@inbox")?;
    if newest["messages"][0]["subject"] != subject {
        return Err(Failure::Failed("a message delivered before the call is not in it".into()));
    }
    row("the same, mail arrived (which is in the answer)", flights, 2);
    row("the same, folder not selected", counted.newest("@sent")?.1, 2);
    row("folders with counts", counted.call("mail_folders", &json!({}))?.1, 1);
    let search = json!({ "query": format!("subject:{}", letters::SUBJECT_WORD), "folder": "@inbox" });
    row("search, one folder", counted.call("mail_search", &search)?.1, 2);
    let search = json!({ "query": format!("subject:{}", letters::SUBJECT_WORD) });
    let (found, flights) = counted.call("mail_search", &search)?;
    row("search, all folders (listed less than a minute ago, else 3)", flights, 2);
    let id = found["messages"][0]["id"].clone();
    row("read after a search", counted.call("mail_read", &json!({ "ids": [id] }))?.1, 1);
    for (kind, name) in
        [(Kind::Plain, "text"), (Kind::Alternative, "alternative"), (Kind::Mixed, "mixed with a file")]
    {
        row(&format!("cold read, {name}"), cold_read(world, kind)?, 1);
    }
    Ok(rows)
}

/// A message that the process has not seen, in a folder that is open.
fn cold_read(world: &World, kind: Kind) -> Result<usize, Failure> {
    let mut counted = Counted::start(world)?;
    let (newest, _) = counted.call("mail_search", &json!({ "folder": "@inbox", "limit": 1 }))?;
    let number = (0..world.messages / 2).rev().find(|number| letters::kind(*number) == kind).unwrap_or(0);
    let id = newest["messages"][0]["id"].as_str().unwrap_or_default();
    let (Some((before, _)), Some((_, validity))) = (id.rsplit_once(':'), id.rsplit_once('@')) else {
        return Err(Failure::Failed(format!("`{id}` is no message id")));
    };
    let id = format!("{before}:{}@{validity}", number + 1);
    let (read, flights) = counted.call("mail_read", &json!({ "ids": [id] }))?;
    if read["messages"][0]["body"].as_str().is_some_and(|body| body.contains("Hi Alice")) {
        Ok(flights)
    } else {
        Err(Failure::Failed(format!("mail_read answered {read}")))
    }
}

impl Counted {
    pub(super) fn start(world: &World) -> Result<Self, Failure> {
        let proxy = Proxy::start(world.dovecot.imap_port(), Faults::default())?;
        let product = Product::start(world, proxy.port(), MANY)?;
        Ok(Self { proxy, product })
    }

    /// The answer, and the round trips that it took.
    pub(super) fn call(&mut self, tool: &str, arguments: &Value) -> Result<(Value, usize), Failure> {
        let before = self.proxy.flights();
        let answer = self.product.call(tool, arguments)?.value;
        Ok((answer, self.proxy.flights() - before))
    }

    fn newest(&mut self, folder: &str) -> Result<(Value, usize), Failure> {
        let counted = self.call("mail_search", &json!({ "folder": folder, "limit": NEWEST }))?;
        if folder == "@inbox" {
            expect_rows(&counted.0, NEWEST as usize)?;
        }
        Ok(counted)
    }
}
