//! The command line: one file per subcommand, no logic. What a subcommand decides is decided below, in a value that is
//! shown here and turned into an exit code.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

mod accept;
mod build;
mod check;
mod clean;
mod doctor;
mod export;
mod extract;
mod generate;
mod init;
#[cfg(all(feature = "run", target_os = "linux"))]
mod lab;
#[cfg(all(feature = "run", target_os = "linux"))]
mod look;
mod merge;
mod preprocess;
#[cfg(all(feature = "run", target_os = "linux"))]
mod processes;
mod progress;
mod record;
mod review;
mod screen;
mod serve;
mod show;
mod vendor;
mod verify;
mod workshop;

/// An mdBook preprocessor for tutorials that prove themselves.
///
/// Without a subcommand it speaks mdBook's protocol: a book on stdin, the same book with its tutorials on stdout.
#[derive(Parser)]
#[command(name = "mdbook-twin", version)]
struct Arguments {
    /// The book's folder [default: the nearest one upwards with a book.toml]
    #[arg(long, global = true, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Whether messages are coloured
    #[arg(long, global = true, value_enum, default_value_t)]
    color: show::Color,
    /// Say nothing but what is wrong
    #[arg(long, short, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Prepare a book: book.toml, assets, the folder for tutorials
    Init,
    /// Say all that is wrong with the tutorials, without running anything
    Check,
    /// Run tutorials and compare them with what was recorded
    Verify(verify::Arguments),
    /// Run tutorials and write down what came out
    Record(record::Arguments),
    /// Go through what a failed run has shown, and accept or reject each step
    Review(review::Arguments),
    /// Make what a failed run has shown what is expected from now on
    Accept(accept::Arguments),
    /// Say what each tutorial needs, what of it is here, and what brings the rest
    Doctor(doctor::Arguments),
    /// Work in the lab of a tutorial, after its setup
    #[cfg(all(feature = "run", target_os = "linux"))]
    Lab(lab::Arguments),
    /// Print the command blocks of a README
    Extract(extract::Arguments),
    /// Build the book with the mdBook inside mdbook-twin
    Build(build::Arguments),
    /// Serve the book with the mdbook on your PATH
    Serve(serve::Arguments),
    /// Print what the book knows in another form
    Export(export::Arguments),
    /// Write the upstream files of all tutorials to a directory, for machines that can't reach upstream
    Vendor(vendor::Arguments),
    /// Show what the cache directory holds, and free its space
    Clean(clean::Arguments),
    /// Print the JSON Schema of tutorials/*.yaml
    Schema,
    /// Print shell completions
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
    /// Say by the exit code whether a renderer is supported (mdBook asks)
    #[command(hide = true)]
    Supports {
        /// Its name
        renderer: String,
    },
    /// PID 1 of a host
    #[cfg(all(feature = "run", target_os = "linux"))]
    #[command(hide = true)]
    Agent,
    /// PID 1 of a lab
    #[cfg(all(feature = "run", target_os = "linux"))]
    #[command(hide = true)]
    LabInit {
        /// The process that it must not outlive (read by the lab itself)
        parent: Option<u32>,
    },
    /// PID 1 of what builds and removes systems
    #[cfg(all(feature = "run", target_os = "linux"))]
    #[command(hide = true)]
    LabWork {
        /// The process that it must not outlive (read by itself)
        parent: Option<u32>,
    },
}

/// Parses the arguments, does what they ask for, says what went wrong.
pub(crate) fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let shown = show::Shown {
        color: arguments.color,
        quiet: arguments.quiet,
    };
    let root = arguments.root.as_deref();
    let Some(command) = arguments.command else {
        return preprocess::run(&shown);
    };
    match command {
        Command::Init => init::run(root, &shown),
        Command::Check => check::run(root, &shown),
        Command::Verify(arguments) => verify::run(root, &arguments, &shown),
        Command::Record(arguments) => record::run(root, &arguments, &shown),
        Command::Review(arguments) => review::run(root, &arguments, &shown),
        Command::Accept(arguments) => accept::run(root, &arguments, &shown),
        Command::Doctor(arguments) => doctor::run(root, &arguments, &shown),
        #[cfg(all(feature = "run", target_os = "linux"))]
        Command::Lab(arguments) => lab::run(root, &arguments, &shown),
        Command::Extract(arguments) => extract::run(root, &arguments, &shown),
        Command::Build(arguments) => build::run(root, &arguments, &shown),
        Command::Serve(arguments) => serve::run(root, &arguments, &shown),
        Command::Export(arguments) => export::run(root, &arguments, &shown),
        Command::Vendor(arguments) => vendor::run(root, &arguments, &shown),
        Command::Clean(arguments) => clean::run(root, &arguments, &shown),
        Command::Schema => generate::schema(),
        Command::Completions { shell } => generate::completions(shell, Arguments::command()),
        Command::Man => generate::man(Arguments::command()),
        Command::Supports { renderer } => preprocess::supports(&renderer),
        #[cfg(all(feature = "run", target_os = "linux"))]
        Command::Agent => processes::agent(),
        #[cfg(all(feature = "run", target_os = "linux"))]
        Command::LabInit { .. } => processes::lab_init(),
        #[cfg(all(feature = "run", target_os = "linux"))]
        Command::LabWork { .. } => processes::lab_work(),
    }
}
