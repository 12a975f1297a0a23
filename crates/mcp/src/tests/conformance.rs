//! The official conformance suite against our own transport, both eras, with the fixtures that it asks for
//! instead of our tools. What it says of the tools themselves is tested in the room `server`.

mod answers;
mod fixture;
mod questions;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use testkit::{BearerProxy, conformance, require_node};

use self::fixture::Fixture;
use super::world::FakeGate;
use crate::{Gate, Settings, files::Downloads, transport::mount};

/// Runs beside what a revision requires, and is not ours to pass: the extension of tasks, which we do not offer.
const EXTENSION: &str = "tasks-";

/// Serves the fixture behind everything that a request of the product passes, and runs the suite against it.
async fn run(revision: &'static str) -> Option<conformance::Findings> {
    let node = require_node()?;
    let proxy = BearerProxy::bind().unwrap();
    let url = format!("http://localhost:{}", proxy.port());
    let gate: Arc<dyn Gate> = Arc::new(FakeGate::default());
    let (routes, _closer) =
        mount(Fixture::new(), axum::Router::new(), Downloads::new(1), gate, Settings::new(&url).unwrap());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    proxy.serve(listener.local_addr().unwrap().port(), "all").unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    let suite = move || conformance::run(&node, &format!("{url}/mcp"), revision).unwrap();
    Some(tokio::task::spawn_blocking(suite).await.unwrap())
}

/// Every scenario succeeded in all of its checks, but for those of the extension.
fn assert_all_pass(findings: &conformance::Findings, at_least: usize) {
    let missing: BTreeSet<_> =
        findings.required.iter().filter(|required| findings.succeeded(required) == 0).collect();
    assert!(missing.is_empty(), "no success in {missing:?}:\n{}", findings.output);
    let ours: Vec<&String> =
        findings.scenarios.keys().filter(|scenario| !scenario.starts_with(EXTENSION)).collect();
    let wanting: BTreeMap<_, _> = ours
        .iter()
        .map(|scenario| (scenario, findings.wanting(scenario)))
        .filter(|(_, checks)| !checks.is_empty())
        .collect();
    assert!(wanting.is_empty(), "{wanting:#?}");
    assert!(findings.is_conformant, "{}", findings.output);
    let succeeded: usize = ours.iter().map(|scenario| findings.succeeded(scenario)).sum();
    assert!(succeeded >= at_least, "only {succeeded} checks were made");
    println!("{succeeded} checks of {} scenarios in {:.1?}", findings.scenarios.len(), findings.took);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_transport_conforms_to_the_stateless_protocol() {
    let Some(findings) = run("2026-07-28").await else { return };
    assert_all_pass(&findings, 145);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_transport_conforms_to_the_protocol_of_sessions() {
    let Some(findings) = run("2025-11-25").await else { return };
    assert_all_pass(&findings, 80);
}
