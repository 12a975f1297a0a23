//! What the child runs: limits first, then one document from stdin to stdout, then nothing more.

use std::{
    fs,
    io::{self, BufRead, Read as _},
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
    thread,
};

use rlimit::Resource;

use crate::{
    Error, Kind, Limits, Result, office, pdf, picture,
    pipe::{self, Answer, Head, Question, Task},
};

/// The stack of the parsers. It is part of the memory that is allowed.
const STACK: usize = 32 << 20;

/// Reads one question from stdin, answers it on stdout and ends. Fails only if it was not asked properly or
/// its limits cannot be set; a document that cannot be read is an answer.
pub fn child_main() -> ExitCode {
    // what a parser says when it gives up may quote the document
    panic::set_hook(Box::new(|_| {}));
    let answered = thread::Builder::new().stack_size(STACK).spawn(answer_stdin);
    match answered.map(thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Everything happens on this one thread, so that the limits are set before the document comes in and no
/// further thread is needed after them.
fn answer_stdin() -> io::Result<()> {
    let mut stdin = io::stdin().lock();
    let question: Question = pipe::read_head(&mut stdin)?;
    apply(&question.limits)?;
    let (answer, payload) = panic::catch_unwind(AssertUnwindSafe(|| answer(&question, &mut stdin)))
        .unwrap_or_else(|_| {
            let nothing = Vec::new();
            (Err(Error::Crashed), nothing)
        });
    pipe::write_answer(&mut io::stdout().lock(), &answer, &payload)
}

/// Bounds this process for good: nothing more can be opened, written to a file or started.
fn apply(limits: &Limits) -> io::Result<()> {
    if cfg!(target_os = "linux") {
        // should the machine run out of memory, the server is not what is given up; where it may not be said, so be it
        let _ = fs::write("/proc/self/oom_score_adj", "1000");
    }
    let cpu = limits.cpu_seconds;
    Resource::CORE.set(0, 0)?;
    Resource::CPU.set(cpu, cpu.saturating_add(1))?;
    Resource::FSIZE.set(0, 0)?;
    // stdin, stdout and stderr are open: neither a file nor a socket can be opened beside them
    Resource::NOFILE.set(3, 3)?;
    Resource::NPROC.set(0, 0)?;
    match Resource::AS.set(limits.memory, limits.memory) {
        // macOS knows the limit and refuses to set it
        Err(_) if cfg!(not(target_os = "linux")) => Ok(()),
        set => set,
    }
}

fn answer(question: &Question, document: &mut impl BufRead) -> (Answer, Vec<u8>) {
    match read(question, document) {
        Ok((head, payload)) => (Ok(head), payload),
        Err(error) => (Err(error), Vec::new()),
    }
}

fn read(question: &Question, document: &mut impl BufRead) -> Result<(Head, Vec<u8>)> {
    let limits = &question.limits;
    let mut bytes = Vec::new();
    document.take(limits.input.saturating_add(1)).read_to_end(&mut bytes).map_err(|_| Error::Damaged)?;
    if bytes.len() as u64 > limits.input {
        return Err(Error::TooLarge);
    }
    let text = match question.task {
        Task::Picture { max_pixels, max_bytes } => {
            return picture::read(&bytes, max_pixels, max_bytes, limits);
        }
        // a file is read as what it is, whatever it was taken for
        Task::Text(claimed) => match Kind::of("", "", &bytes).unwrap_or(claimed) {
            Kind::Pdf => pdf::read(&bytes, limits)?,
            Kind::Docx | Kind::Xlsx | Kind::Pptx | Kind::OpenDocument => office::read(&bytes, limits)?,
            Kind::Picture => return Err(Error::Unsupported),
        },
    };
    Ok((Head::Text { is_cut: text.is_cut, notes: text.notes }, text.text.into_bytes()))
}
