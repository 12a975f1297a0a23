//! The child alone, as the tests of this crate start it. The product's is the hidden command of `postroom`.

fn main() -> std::process::ExitCode {
    documents::child_main()
}
