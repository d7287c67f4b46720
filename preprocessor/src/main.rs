//! `mdbook-twin`: mdBook's protocol without a subcommand, a command line with one.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
