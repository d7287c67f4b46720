//! How fast a README is read, beside the markdown parser that it stands on.
//!
//! `cargo bench --bench extract [-- FILE…]`: without files, the READMEs of the test cases. Both read the same text
//! in the same run, in turns; the medians count. (`cargo bench` optimises; a debug build says nothing.)
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use mdbook_twin::readme::Readme;
use pulldown_cmark::{Options, Parser};

/// Long enough that the clock does not matter.
const BYTES: usize = 2_000_000;
const ROUNDS: usize = 31;

fn main() {
    let text = text();
    let (mut alone, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        alone.push(time(|| {
            Parser::new_ext(&text, Options::empty())
                .into_offset_iter()
                .map(|(_, range)| range.end)
                .sum::<usize>()
        }));
        ours.push(time(|| Readme::parse(&text).command_count()));
    }
    let (alone, ours) = (speed(&text, alone), speed(&text, ours));
    let lines = text.lines().count();
    println!("{} bytes, {lines} lines, {ROUNDS} rounds", text.len());
    println!("pulldown-cmark with offsets  {alone:8.1} MB/s");
    println!("Readme::parse                {ours:8.1} MB/s");
    println!("ratio                        {:8.2}", ours / alone);
}

/// The texts one after another, as often as it takes.
fn text() -> String {
    let files: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/extract");
    let texts: Vec<String> = if files.is_empty() {
        let mut folders: Vec<_> = std::fs::read_dir(cases)
            .expect("the cases")
            .map(|e| e.expect("an entry").path())
            .collect();
        folders.sort();
        folders
            .iter()
            .map(|f| std::fs::read_to_string(f.join("README.md")).expect("README.md"))
            .collect()
    } else {
        files
            .iter()
            .map(|f| String::from_utf8_lossy(&std::fs::read(f).expect("a file")).into_owned())
            .collect()
    };
    let mut whole = String::new();
    while whole.len() < BYTES {
        for text in &texts {
            whole.push_str(text);
            // Ends a fence that is open, or is a block of its own.
            whole.push_str("\n\n");
        }
    }
    whole
}

fn time(mut work: impl FnMut() -> usize) -> Duration {
    let start = Instant::now();
    black_box(work());
    start.elapsed()
}

fn speed(text: &str, mut times: Vec<Duration>) -> f64 {
    times.sort();
    text.len() as f64 / 1e6 / times[times.len() / 2].as_secs_f64()
}
