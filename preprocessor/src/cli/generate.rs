//! `schema`, `completions`, `man`: what is derived from our own definitions.

use std::io::Write;
use std::process::ExitCode;

use crate::cli::show;

/// The JSON Schema of specs.
pub(crate) fn schema() -> ExitCode {
    show::out(&mdbook_twin::tutorial::schema())
}

/// Completions for one shell.
pub(crate) fn completions(shell: clap_complete::Shell, mut command: clap::Command) -> ExitCode {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, "mdbook-twin", &mut text);
    show::out(&String::from_utf8_lossy(&text))
}

/// The manual page: the program, then each subcommand.
pub(crate) fn man(command: clap::Command) -> ExitCode {
    let mut text = Vec::new();
    match clap_mangen::Man::new(command)
        .render(&mut text)
        .and_then(|()| text.flush())
    {
        Ok(()) => show::out(&String::from_utf8_lossy(&text)),
        Err(error) => show::error(&format!("the manual page could not be made: {error}")),
    }
}
