//! What an agent pays: tokens of rows and of tool descriptions (characters of the compact JSON / 4), and
//! bytes that the mail server has to send. Nothing here is timed.

use serde_json::{Value, json};
use testkit::{Proxy, proxy::Faults};

use super::{
    MANY, SAMPLE, World,
    floor::Floor,
    listing::{NEWEST, examine, expect_rows, newest_command},
    product::Product,
    report::Row,
};
use crate::Failure;

const ROWS: usize = 20;

/// The tools that the contract bounds together.
const READING: [&str; 6] =
    ["mail_accounts", "mail_folders", "mail_search", "mail_read", "mail_thread", "mail_attachment"];

/// Counts all of it.
pub(super) fn measure(world: &World) -> Result<Vec<Row>, Failure> {
    let mut product = Product::start(world, world.dovecot.imap_port(), SAMPLE)?;
    let answer = product.call("mail_search", &json!({ "limit": ROWS }))?.value;
    expect_rows(&answer, ROWS)?;
    let rows = tokens(&answer);
    let listed = product.ask("tools/list", &json!({}))?.value;
    let tools = listed["tools"].as_array().map(Vec::as_slice).unwrap_or_default();
    let reads = |tool: &&Value| tool["name"].as_str().is_some_and(|name| READING.contains(&name));
    let schemas = tools.iter().filter(reads).map(tokens).sum();
    let count = tools.iter().filter(reads).count();
    let all = tools.iter().map(tokens).sum();
    drop(product);
    Ok(vec![
        Row::count(&format!("tokens: {ROWS} rows of the sample mailbox"), rows, 1_500),
        Row::count(&format!("tokens: descriptions of the {count} reading tools"), schemas, 2_600),
        Row::count("tokens: descriptions of all tools without `mail:send`", all, 6_000),
    ])
}

/// What the server sends the product for the newest rows, and what it sends the floor.
pub(super) fn bytes_of_newest(world: &World) -> Result<Row, Failure> {
    let proxy = Proxy::start(world.dovecot.imap_port(), Faults::default())?;
    let mut product = Product::start(world, proxy.port(), MANY)?;
    let arguments = json!({ "folder": "@inbox", "limit": NEWEST });
    product.call("mail_search", &arguments)?;
    let before = proxy.said();
    expect_rows(&product.call("mail_search", &arguments)?.value, NEWEST as usize)?;
    let ours = proxy.said() - before;
    let mut floor = Floor::sign_in(world.dovecot.imap_port(), MANY.user, MANY.password)?;
    let exists = examine(&mut floor, world)?;
    floor.run(&newest_command(exists))?;
    Ok(Row::bytes(&format!("bytes from the server for newest {NEWEST}"), floor.reply().len(), ours))
}

fn tokens(value: &Value) -> usize {
    value.to_string().chars().count().div_ceil(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_characters_not_bytes() {
        assert_eq!(tokens(&json!("ääääää")), 2);
        assert_eq!(tokens(&json!({ "a": [1, 2] })), 3);
    }
}
