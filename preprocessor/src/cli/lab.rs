//! `lab`: a command, or a shell, in a tutorial's lab after its setup.

use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::ExitCode;

use mdbook_twin::config::Execute;
use mdbook_twin::report;
use mdbook_twin::run::attach::{Caller, Over};
use mdbook_twin::run::door::enter_kept;
use mdbook_twin::verify::{self, Entered, exit};

use crate::cli::show::{self, Shown};
use crate::cli::workshop::{Running, Workshop};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The tutorial
    name: String,
    /// On which of its hosts [default: that of its first terminal]
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// In the lab that `verify --keep` leaves up, as it stands, instead of one of its own
    #[arg(long)]
    kept: bool,
    #[command(flatten)]
    running: Running,
    /// What runs there, as the host's user [default: their login shell]
    #[arg(last = true, value_name = "CMD")]
    command: Vec<String>,
}

pub(crate) fn run(root: Option<&Path>, arguments: &Arguments, shown: &Shown) -> ExitCode {
    let project = match show::project(root) {
        Ok(project) => project,
        Err(code) => return code,
    };
    let workshop = Workshop::new(project, &arguments.running, *shown);
    let how = workshop.how(Execute::Always);
    let (input, mut output) = (std::io::stdin(), std::io::stdout());
    let caller = Caller {
        input: input.as_fd(),
        person: input.is_terminal() && output.is_terminal(),
        output: &mut output,
        errors: &mut std::io::stderr(),
        interrupt: how.stop,
    };
    let wanted = (arguments.host.as_deref(), arguments.command.as_slice());
    let name = &arguments.name;
    if arguments.kept {
        let cache = &workshop.project.cache;
        return match enter_kept(cache, name, wanted, caller) {
            Ok(Some(over)) => status(over),
            Ok(None) => show::error(&format!(
                "no lab of {name} is kept: mdbook-twin verify {name} --keep leaves one up"
            )),
            Err(error) => show::error(&format!("the lab of {name}: {error}")),
        };
    }
    match verify::enter(
        &workshop.project,
        name,
        wanted,
        &how,
        caller,
        &workshop.display,
    ) {
        Err(diagnostics) => shown.diagnostics(&diagnostics),
        Ok(Entered::Over(over)) => status(over),
        Ok(Entered::Failed(verification)) => {
            show::say(&report::verdict(&verification, shown.paint()));
            ExitCode::from(exit::NOT_VERIFIED)
        }
        Ok(Entered::Skipped(missing)) => {
            show::say(&format!(
                "{name} can't run here{}",
                report::reasons(&missing)
            ));
            ExitCode::from(exit::ALL_SKIPPED)
        }
        Ok(Entered::Broken(why)) => not_verified(&why),
    }
}

/// The command's own; where it has none, as shells count signals.
fn status(over: Over) -> ExitCode {
    match over {
        // An exit status has eight bits, whoever gives it.
        Over::Exited(status) => ExitCode::from(status.to_le_bytes()[0]),
        Over::Interrupted => ExitCode::from(130),
        Over::Unread => ExitCode::from(141),
        Over::Gone(why) => not_verified(&format!("the lab ended: {why}")),
    }
}

fn not_verified(why: &str) -> ExitCode {
    show::error(why);
    ExitCode::from(exit::NOT_VERIFIED)
}
