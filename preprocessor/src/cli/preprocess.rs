//! mdBook's protocol: a book on stdin, the same book with its tutorials on stdout.

use std::io::{IsTerminal, Read};
use std::process::ExitCode;

use mdbook_twin::book;

use crate::cli::show::{self, Shown};
use crate::cli::workshop::Workshop;
use mdbook_twin::verify::exit;

pub(crate) fn run(shown: &Shown) -> ExitCode {
    let mut input = Vec::new();
    let mut stdin = std::io::stdin();
    if stdin.is_terminal() {
        return show::error(
            "without a subcommand mdbook-twin is started by mdBook, with a book on stdin\n  = to see what it can do: mdbook-twin --help",
        );
    }
    if let Err(error) = stdin.read_to_end(&mut input) {
        return show::error(&format!("mdBook's input could not be read: {error}"));
    }
    let (context, book) = match book::parse(&input) {
        Ok(parsed) => parsed,
        Err(error) => return show::error(&error.to_string()),
    };
    let workshop = match Workshop::of_book(&context, *shown) {
        Ok(workshop) => workshop,
        Err(message) => return show::error(&message),
    };
    workshop.ends_with_mdbook();
    match book::make(&context, book, &workshop) {
        Ok(made) => {
            show::say(&made.messages);
            match serde_json::to_string(&made.book) {
                Ok(json) => show::out(&json),
                Err(error) => show::error(&error.to_string()),
            }
        }
        Err(error) => {
            show::say(&error.to_string());
            ExitCode::from(exit::NOT_VERIFIED)
        }
    }
}

/// Every renderer is: what is no HTML gets plain markdown.
pub(crate) fn supports(_renderer: &str) -> ExitCode {
    ExitCode::from(exit::GOOD)
}
