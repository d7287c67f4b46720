//! One run of a tutorial in its lab, for `benches/terminals.py`: through the runtime, the protocol and the agent.
//!
//! `lab_steps PROGRAM BOOK NAME` prints the seconds from the first step's output to the last one's, by the agent's stamps.

use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use mdbook_twin::config::Config;
use mdbook_twin::diagnostic::render_all;
use mdbook_twin::lab;
use mdbook_twin::outcome::{Ended, Run};
use mdbook_twin::paint::Paint;
use mdbook_twin::project::Project;
use mdbook_twin::run::{self, Options};
use mdbook_twin::tutorial::{Fetch, load_with};
use mdbook_twin::upstream::Places;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [program, root, name] = arguments.as_slice() else {
        return Err("usage: lab_steps PROGRAM BOOK NAME".into());
    };
    lab::set_program(Path::new(program));
    let root = PathBuf::from(root);
    let cache = root.join("cache");
    let project = Project {
        config: Config::default(),
        cache: cache.clone(),
        places: Places {
            cache: cache.clone(),
            dirs: Vec::new(),
        },
        root,
    };
    let loaded = load_with(&project, name, Fetch::Never)
        .map_err(|wrong| render_all(&wrong, Paint::Plain))?;
    let options = Options {
        cache,
        ..Options::default()
    };
    let run = run::run(&loaded.tutorial, &options, &mut |_| {})?;
    writeln!(io::stdout(), "{:.6}", seconds(&run)?)?;
    Ok(())
}

fn seconds(run: &Run) -> Result<f64, String> {
    if let Some(step) = run.steps.iter().find(|step| step.ended != Ended::Done) {
        return Err(format!("the step {} is not done", step.id));
    }
    let commands = run.steps.iter().flat_map(|step| &step.commands);
    let mut stamps = commands
        .flat_map(|command| &command.chunks)
        .map(|chunk| chunk.0);
    let first = stamps.next().ok_or("no output")?;
    let last = stamps.next_back().unwrap_or(first);
    Ok((last - first) as f64 / 1e6)
}
