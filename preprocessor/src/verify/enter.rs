//! `lab`: a tutorial's lab with its setup done, and the caller in it.

use std::sync::Arc;

use super::{How, Labs, Machine, Observer, Progress};
use crate::diagnostic::{Diagnostic, listed, nearest};
use crate::judge::{Missing, Verdict, Verification, judge};
use crate::project::Project;
use crate::run::attach::{Caller, Over};
use crate::run::{self, LabError};
use crate::tutorial::{self, Phase, Tutorial};

/// What came of it.
#[derive(Debug)]
pub enum Entered {
    /// The caller was in it.
    Over(Over),
    /// A setup step did not end as it should; the verdict tells.
    Failed(Box<Verification>),
    /// It can't run here.
    Skipped(Vec<Missing>),
    /// No remedy is known; in words.
    Broken(String),
}

/// Makes a tutorial's lab, runs its setup, and attaches the caller to a command on one of its hosts: the named one, else
/// that of the first terminal. The lab ends with it.
/// # Errors
/// All mistakes in its files, or a host that it does not have.
pub fn enter(
    project: &Project,
    name: &str,
    (host, command): (Option<&str>, &[String]),
    how: &How<'_>,
    caller: Caller<'_>,
    observer: &dyn Observer,
) -> Result<Entered, Vec<Diagnostic>> {
    let loaded = tutorial::load(project, name)?;
    let host = host_of(&loaded.tutorial, host).map_err(|error| vec![error])?;
    let tutorial = Arc::new(setup_of(loaded.tutorial));
    let labs = Labs::new(project, how);
    let missing = labs.missing(&tutorial);
    if !missing.is_empty() {
        return Ok(Entered::Skipped(missing));
    }
    let steps = tutorial.steps.len();
    if steps > 0 {
        observer.progress(name, Progress::Running { steps });
    }
    let standing = run::set_up(&tutorial, &labs.options(&tutorial), &mut |progress| {
        if let run::Progress::Preparing(what) = progress {
            observer.progress(name, Progress::Preparing(what));
        }
    });
    observer.progress(name, Progress::Over);
    let (run, standing) = match standing {
        Ok(set_up) => set_up,
        Err(LabError::Missing(missing)) => return Ok(Entered::Skipped(missing)),
        Err(why) => return Ok(Entered::Broken(why.to_string())),
    };
    // Without a transcript only steps and `expect` are judged.
    let verdict = judge(&tutorial, &run, None, &loaded.digest);
    let Some(standing) = standing.filter(|_| !matches!(verdict, Verdict::Failed(_))) else {
        return Ok(Entered::Failed(Box::new(Verification {
            tutorial,
            transcript: None,
            run: Some(run),
            timings: None,
            verdict,
        })));
    };
    Ok(match standing.attach(&tutorial, host, command, caller) {
        Ok(over) => Entered::Over(over),
        Err(error) => Entered::Broken(error.to_string()),
    })
}

fn setup_of(mut tutorial: Tutorial) -> Tutorial {
    tutorial.steps.retain(|step| step.phase == Phase::Setup);
    tutorial
}

fn host_of(tutorial: &Tutorial, name: Option<&str>) -> Result<usize, Diagnostic> {
    let Some(name) = name else {
        return Ok(tutorial.terminals.first().map_or(0, |first| first.host));
    };
    let hosts = || tutorial.hosts.iter().map(|host| host.name.as_str());
    if let Some(index) = hosts().position(|host| host == name) {
        return Ok(index);
    }
    let message = format!("{} has no host `{name}`", tutorial.name);
    let mut diagnostic = Diagnostic::error("unknown-host", message);
    if let Some(near) = nearest(name, hosts()) {
        diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
    }
    Err(diagnostic.help(format!("its hosts: {}", listed(hosts()))))
}
