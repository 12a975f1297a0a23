//! Every letter is read, whatever its sender made of it: the corpus, thousands of mutations, and letters
//! of harm.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::letters::{Mutator, complaint, corpus, messages, pathological, read};

/// How many mutations are read.
const MUTATIONS: usize = 10_000;
/// Longer letters are not mutated: they would only take longer.
const MAX_LETTER: usize = 16 * 1024;

/// The letters of the corpus; without one, those that are made here.
fn letters() -> Vec<(String, Vec<u8>)> {
    if let Some(root) = corpus() {
        messages(root)
    } else {
        pathological(2_000).into_iter().map(|(name, raw)| (name.to_owned(), raw)).collect()
    }
}

/// Runs a job for each number on all processors; what each complains of.
fn in_parallel(count: usize, job: impl Fn(usize) -> Option<String> + Sync) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let complaints = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    let result = catch_unwind(AssertUnwindSafe(|| job(number)));
                    let complaint = result.unwrap_or_else(|_| Some("a panic".to_owned()));
                    complaints.lock().unwrap().extend(complaint.map(|what| format!("{number}: {what}")));
                }
            });
        }
    });
    complaints.into_inner().unwrap()
}

#[test]
fn every_letter_is_read_the_same_twice() {
    let letters = letters();
    let with_text = AtomicUsize::new(0);
    let complaints = in_parallel(letters.len(), |number| {
        let (name, raw) = &letters[number];
        let (first, again) = (read(raw, false), read(raw, false));
        with_text.fetch_add(usize::from(!first.rendered.readable.text.is_empty()), Ordering::Relaxed);
        let is_same = first.rendered == again.rendered && first.trust == again.trust;
        complaint(&first).or((!is_same).then_some("read otherwise")).map(|what| format!("{name}: {what}"))
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(with_text.into_inner() * 10 >= letters.len() * 6);
}

#[test]
fn ten_thousand_mutations_are_read_without_a_panic() {
    let letters: Vec<Vec<u8>> =
        letters().into_iter().map(|(_, raw)| raw).filter(|raw| raw.len() <= MAX_LETTER).collect();
    let complaints = in_parallel(MUTATIONS, |number| {
        let mut mutator = Mutator::new(number as u64 + 1);
        let other = &letters[(number * 31 + 7) % letters.len()];
        let mutated = mutator.mutate(&letters[number % letters.len()], other);
        complaint(&read(&mutated, number % 5 == 0)).map(str::to_owned)
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn letters_of_harm_are_read() {
    let letters = pathological(15_000);
    let complaints = in_parallel(letters.len(), |number| {
        let (name, raw) = &letters[number];
        let found = [false, true].into_iter().find_map(|full| complaint(&read(raw, full)));
        found.map(|what| format!("{name}: {what}"))
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
