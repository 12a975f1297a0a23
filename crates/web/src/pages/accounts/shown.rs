//! A trial of servers as people see it: a list of checks for each server, and what to do where it ended.

use domain::{TlsMode, account::Service};
use engine::{
    suggest::provider_of_host,
    trial::{Failure, Outcome, ServerTrial, Stage, Trial},
};

/// One server.
pub(super) struct ShownServer {
    pub(super) title: &'static str,
    pub(super) place: String,
    pub(super) is_ok: bool,
    pub(super) stages: Vec<ShownStage>,
    /// What happened, if something went wrong.
    pub(super) message: String,
    pub(super) hint: String,
    /// What the port speaks, where another protection was chosen.
    pub(super) advice: &'static str,
    /// The server's own words.
    pub(super) server_text: String,
    /// The provider's name and its page about signing in.
    pub(super) help: Option<(&'static str, &'static str)>,
}

/// One check.
pub(super) struct ShownStage {
    pub(super) label: String,
    pub(super) class: &'static str,
    pub(super) word: &'static str,
}

/// All servers of a trial.
pub(super) fn servers(trial: &Trial) -> Vec<ShownServer> {
    trial.servers().map(server).collect()
}

fn server(trial: &ServerTrial) -> ShownServer {
    let stages = trial.stages().into_iter().map(|(stage, outcome)| shown_stage(trial, stage, outcome));
    let mut shown = ShownServer {
        title: match trial.service {
            Service::Imap => "Reading mail",
            Service::Smtp => "Sending mail",
        },
        place: format!("{}, port {}, {}", trial.host, trial.port, tls_in_words(trial.tls)),
        is_ok: trial.is_ok(),
        stages: stages.collect(),
        message: String::new(),
        hint: String::new(),
        advice: "",
        server_text: String::new(),
        help: None,
    };
    if let Some(failure) = &trial.failure {
        explain(&mut shown, trial, failure);
    }
    shown
}

fn explain(shown: &mut ShownServer, trial: &ServerTrial, failure: &Failure) {
    let problem = &failure.problem;
    shown.message.clone_from(&problem.message);
    shown.hint.clone_from(&problem.hint);
    shown.server_text = problem.server_text.clone().unwrap_or_default();
    shown.advice = match failure.speaks {
        Some(TlsMode::Tls) => "This port speaks TLS from the first byte: choose `TLS` as its protection.",
        Some(TlsMode::StartTls) => {
            "Port and protection do not fit each other (“wrong version number” in other programs): this port begins in \
             plain text, so choose `STARTTLS`, or another port."
        }
        Some(TlsMode::None) | None => "",
    };
    if failure.stage == Stage::SignIn
        && let Some(provider) = provider_of_host(&trial.host)
    {
        // The link stands beside it.
        let sentence = format!(" See {}", provider.help);
        shown.hint = shown.hint.strip_suffix(&sentence).unwrap_or(&shown.hint).to_owned();
        shown.help = Some((provider.name, provider.help));
    }
}

fn shown_stage(trial: &ServerTrial, stage: Stage, outcome: Outcome) -> ShownStage {
    let (class, word) = match outcome {
        Outcome::Passed => ("ok", "worked"),
        Outcome::Failed => ("bad", "failed"),
        Outcome::NotReached => ("wait", "not reached"),
    };
    let label = match (stage, trial.folders) {
        (Stage::Folders, Some(1)) => "List folders: 1 found".to_owned(),
        (Stage::Folders, Some(count)) => format!("List folders: {count} found"),
        _ => stage.as_str().to_owned(),
    };
    ShownStage { label, class, word }
}

/// A part of a sentence.
pub(in crate::pages) struct Piece<'a> {
    pub(in crate::pages) text: &'a str,
    /// It is written as it is typed somewhere.
    pub(in crate::pages) is_code: bool,
}

/// A sentence with its literals, which stand between backticks, apart.
pub(in crate::pages) fn coded(sentence: &str) -> Vec<Piece<'_>> {
    let pieces = sentence.split('`').enumerate();
    pieces.map(|(index, text)| Piece { text, is_code: index % 2 == 1 }).collect()
}

/// A TLS mode in words.
pub(super) fn tls_in_words(tls: TlsMode) -> &'static str {
    match tls {
        TlsMode::Tls => "TLS",
        TlsMode::StartTls => "STARTTLS",
        TlsMode::None => "no protection",
    }
}
