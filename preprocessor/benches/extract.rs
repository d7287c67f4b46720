//! How fast a README is read, beside the markdown parser that it stands on.
//!
//! `cargo bench --bench extract [-- FILE…]`: without files, the READMEs of the test cases. Both read the same text
//! in the same run, in turns; the medians count. (`cargo bench` optimises; a debug build says nothing.)
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use mdbook_twin::readme::Readme;
use pulldown_cmark::{Options, Parser};

/// Per round: long enough that the clock does not matter.
const BYTES: usize = 2_000_000;
const ROUNDS: usize = 31;

fn main() {
    let texts = texts();
    let bytes: usize = texts.iter().map(String::len).sum::<usize>();
    let turns = BYTES.div_ceil(bytes);
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        without.push(time(&texts, turns, alone));
        with.push(time(&texts, turns, ours));
    }
    let speed = |times| (bytes * turns) as f64 / 1e6 / median(times).as_secs_f64();
    let (without, with) = (speed(without), speed(with));
    println!(
        "{} READMEs, {bytes} bytes, read {turns} times in each of {ROUNDS} rounds",
        texts.len()
    );
    println!("pulldown-cmark with offsets  {without:8.1} MB/s");
    println!("Readme::parse                {with:8.1} MB/s");
    println!("ratio                        {:8.2}", with / without);
}

fn texts() -> Vec<String> {
    let files: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    if !files.is_empty() {
        let read = |file: &String| {
            String::from_utf8_lossy(&std::fs::read(file).expect("a file")).into_owned()
        };
        return files.iter().map(read).collect();
    }
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/extract");
    let folders = std::fs::read_dir(cases).expect("the cases");
    let read = |folder: std::path::PathBuf| {
        std::fs::read_to_string(folder.join("README.md")).expect("README.md")
    };
    folders
        .map(|entry| read(entry.expect("an entry").path()))
        .collect()
}

fn alone(text: &str) -> usize {
    Parser::new_ext(text, Options::empty())
        .into_offset_iter()
        .map(|(_, range)| range.end)
        .sum()
}

fn ours(text: &str) -> usize {
    Readme::parse(text).command_count()
}

fn time(texts: &[String], turns: usize, read: fn(&str) -> usize) -> Duration {
    let start = Instant::now();
    for _ in 0..turns {
        black_box(texts.iter().map(|text| read(text)).sum::<usize>());
    }
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
