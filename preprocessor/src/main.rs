//! The command line.
use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("lab-init") => mdbook_twin::lab::init_main(),
        _ => ExitCode::from(2),
    }
}
