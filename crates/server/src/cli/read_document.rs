//! `postroom read-document`: the child that reads one document for a server. Not for people: it takes no
//! settings, opens nothing, and speaks only to the process that started it.

pub(super) fn run() -> std::process::ExitCode {
    documents::child_main()
}
