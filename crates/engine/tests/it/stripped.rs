//! A server that does not announce this or that: the answers stay the same, only dearer.

use testkit::proxy::Faults;

use crate::{
    faults::{everything, faulty},
    world::new_engine,
};

/// What we use where it is there, alone and together.
const CAPABILITIES: &[&[&str]] = &[
    &["LIST-STATUS"],
    &["SPECIAL-USE"],
    &["LIST-EXTENDED", "LIST-STATUS"],
    &["NAMESPACE"],
    &["ESEARCH"],
    &["SORT", "SORT=DISPLAY"],
    &["ESORT"],
    &["CONTEXT=SEARCH"],
    &["LITERAL+"],
    &["SASL-IR"],
    &["ENABLE"],
    &["ID"],
    &["CONDSTORE", "QRESYNC"],
    &["BINARY"],
    &["UNSELECT"],
    &["ESEARCH", "ESORT", "SORT", "CONTEXT=SEARCH", "PARTIAL"],
    &[
        "SASL-IR",
        "ID",
        "ENABLE",
        "IDLE",
        "SORT",
        "SORT=DISPLAY",
        "THREAD=REFERENCES",
        "THREAD=REFS",
        "THREAD=ORDEREDSUBJECT",
        "UNSELECT",
        "CHILDREN",
        "NAMESPACE",
        "UIDPLUS",
        "LIST-EXTENDED",
        "CONDSTORE",
        "QRESYNC",
        "ESEARCH",
        "ESORT",
        "SEARCHRES",
        "WITHIN",
        "CONTEXT=SEARCH",
        "LIST-STATUS",
        "BINARY",
        "MOVE",
        "PREVIEW",
        "LITERAL+",
        "SPECIAL-USE",
    ],
];

#[tokio::test]
async fn without_any_capability_the_answers_are_the_same() {
    let Some(world) = faulty(Faults::default()) else { return };
    for stripped in CAPABILITIES {
        let strip = stripped.iter().map(|name| (*name).to_owned()).collect();
        world.proxy.set(Faults { strip, ..Faults::default() });
        assert_eq!(everything(&new_engine(), &world.principal).await, Ok(()), "without {stripped:?}");
    }
}
