//! The command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(all(feature = "run", target_os = "linux"))]
    if std::env::args().nth(1).as_deref() == Some("agent") {
        return mdbook_twin::agent::serve();
    }
    ExitCode::SUCCESS
}
