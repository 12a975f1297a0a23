//! Who gets what: every route of the binary against nobody, somebody else, an agent that may too little, one whose
//! time is over, and the right one. A route without a row fails.

mod sources;
pub(crate) mod surfer;

#[test]
fn print_them() {
    for (method, path) in sources::routes() {
        println!("{method} {path}");
    }
}
