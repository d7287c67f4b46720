//! `record NAME --merge FILE`: what failed runs of other machines saw goes into the transcript.

use std::path::PathBuf;
use std::process::ExitCode;

use mdbook_twin::project::Project;
use mdbook_twin::verify::{self, Merged, Written, exit};
use mdbook_twin::{report, tutorial};

use crate::cli::show::{self, Shown};

pub(crate) fn run(project: &Project, name: &str, files: &[PathBuf], shown: &Shown) -> ExitCode {
    let kept_here = match files {
        [] => verify::kept_runs(project, name),
        _ => Vec::new(),
    };
    if files.is_empty() && kept_here.is_empty() {
        shown.note(&format!(
            "nothing to merge: no failed run of {name} is kept here"
        ));
    }
    let mut worst = exit::GOOD;
    for file in files.iter().chain(&kept_here) {
        let kept = match verify::read_kept(file) {
            Ok(kept) => kept,
            Err(why) => return show::error(&format!("{}: {why}", file.display())),
        };
        let refused =
            |why: &str, next: &str| show::error(&format!("{}: {why}\n  = {next}", file.display()));
        let lessons = match verify::merge(project, name, kept) {
            Err(diagnostics) => {
                shown.diagnostics(&diagnostics);
                return ExitCode::from(exit::BAD_INPUT);
            }
            Ok(Merged::Unrecorded) => {
                return refused(
                    &format!("{name} has no transcript of what its spec says now"),
                    &format!("record it first: mdbook-twin record {name}"),
                );
            }
            Ok(Merged::OfOther) => {
                return refused(
                    &format!("this is no run of what {name} does now"),
                    &format!("verify {name} there again, and merge the new file"),
                );
            }
            Ok(Merged::Failed(verification)) => {
                show::say(&report::verdict(&verification, shown.paint()));
                return ExitCode::from(exit::NOT_VERIFIED);
            }
            Ok(Merged::Done(lessons)) => lessons,
        };
        let path = tutorial::load::transcript_path(project, name);
        let tutorial = match tutorial::load(project, name) {
            Ok(loaded) => loaded.tutorial,
            Err(diagnostics) => {
                shown.diagnostics(&diagnostics);
                return ExitCode::from(exit::BAD_INPUT);
            }
        };
        for step in report::varying(&tutorial, &lessons.unexplained) {
            show::say(&step);
            worst = exit::NOT_VERIFIED;
        }
        match verify::write_transcript(&path, &lessons.transcript) {
            Ok(Written::New) => shown.note(&format!(
                "merged {} into {}{}",
                file.display(),
                path.display(),
                report::free_values(lessons.freed.iter().map(|(_, _, freed)| freed))
            )),
            Ok(Written::Unchanged) => {
                shown.note(&format!("{}: nothing new for {name}", file.display()));
            }
            Err(error) => return show::error(&format!("{}: {error}", path.display())),
        }
    }
    ExitCode::from(worst)
}
