//! What happens meanwhile, on stderr: at a terminal a line for each tutorial that runs, which changes; elsewhere a line
//! when it begins and one when it ends, so that a log in CI stays short.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mdbook_twin::judge::{Verdict, Verification};
use mdbook_twin::report;
use mdbook_twin::verify::{Observer, Progress};

use crate::cli::screen;
use crate::cli::show::Shown;

/// A drawing is not followed by another for so long: a step may take 60 µs, and nobody reads faster than this.
const STILL: Duration = Duration::from_millis(50);
/// How often the time that has passed is shown.
const TICK: Duration = Duration::from_secs(1);

/// Watches tutorials and shows them.
pub(crate) struct Display {
    shown: Shown,
    /// Whether lines that change can be shown.
    live: bool,
    watched: Arc<Watched>,
}

#[derive(Default)]
struct Watched {
    state: Mutex<State>,
    /// Told when the state has changed, if nobody was told since the last drawing.
    changes: Condvar,
}

#[derive(Default)]
struct State {
    /// Those that something is done for now, in the order in which they began.
    running: Vec<Running>,
    /// How long those ran whose verdict is to come.
    took: BTreeMap<String, Duration>,
    expected: usize,
    finished: usize,
    /// Of them, those that are failed or have mistakes in their files.
    failed: usize,
    /// Those whose verdict was told.
    told: BTreeSet<String>,
    /// Whether it was told that a run could not be kept.
    unkept: bool,
    /// Since the last drawing.
    changed: bool,
    over: bool,
}

struct Running {
    name: String,
    since: Instant,
    /// What it waits for.
    line: String,
}

impl Display {
    pub(crate) fn new(shown: Shown) -> Self {
        let live = !shown.quiet && screen::is_live();
        let watched = Arc::new(Watched::default());
        if live {
            let watched = watched.clone();
            // Nobody waits for it: what it draws last is what the state is then, and that is nothing.
            std::thread::spawn(move || {
                take_no_signal();
                watched.keep_drawing();
            });
        }
        Self {
            shown,
            live,
            watched,
        }
    }

    /// Whether the verdict of this tutorial was told when its run had ended.
    pub(crate) fn has_told(&self, name: &str) -> bool {
        self.watched.state().told.contains(name)
    }

    /// What happened, in the state; and the line that says it for good, if one does.
    fn take(&self, state: &mut State, name: &str, progress: Progress<'_>) -> Option<String> {
        let plain = |line: String| (!self.live).then_some(line);
        match progress {
            Progress::Waiting => {
                state.running(name).line = "waiting for another run".to_owned();
                plain(format!("waiting for another run of {name}"))
            }
            Progress::Running { steps } => {
                let running = state.running(name);
                running.since = Instant::now();
                running.line = "starting".to_owned();
                let plural = if steps == 1 { "" } else { "s" };
                plain(format!("running {name}: {steps} step{plural}"))
            }
            Progress::Preparing(what) => {
                state.running(name).line = format!("preparing: {}", report::one_line(what));
                plain(format!("{name}: {what}"))
            }
            Progress::Step { step, tutorial } => {
                if self.live {
                    state.running(name).line = report::step(tutorial, step);
                }
                None
            }
            Progress::Over => {
                if let Some(running) = state.leave(name) {
                    state.took.insert(running.name, running.since.elapsed());
                }
                None
            }
            Progress::Unkept(unkept) => {
                // For one and the same reason, mostly.
                let is_first = !std::mem::replace(&mut state.unkept, true);
                is_first.then(|| {
                    format!("warning: runs are not kept, neither for the next build nor for review: {unkept}")
                })
            }
            Progress::Finished(verification) => {
                state.finished(name, matches!(verification.verdict, Verdict::Failed(_)));
                // A verdict out of the cache took no time, and is told with all others.
                let took = state.took.remove(name)?;
                state.told.insert(name.to_owned());
                Some(self.ended(verification, took))
            }
            Progress::Mistaken => {
                state.finished(name, true);
                None
            }
        }
    }

    fn ended(&self, verification: &Verification, took: Duration) -> String {
        report::ended(verification, took, self.shown.paint())
    }
}

impl Observer for Display {
    fn expects(&self, tutorials: usize) {
        let mut state = self.watched.state();
        (state.expected, state.finished, state.failed) = (tutorials, 0, 0);
        state.told.clear();
    }

    fn progress(&self, name: &str, progress: Progress<'_>) {
        let (line, news, rests) = {
            let mut state = self.watched.state();
            let line = self.take(&mut state, name, progress);
            let news = !std::mem::replace(&mut state.changed, true);
            (line, news, state.running.is_empty())
        };
        // Without the state in our hands: a terminal that was stopped by ^S stops nobody but who writes to it.
        if let Some(line) = line {
            self.shown.note(&line);
        }
        if self.live && rests {
            // At once: what is said next, and by whom, we don't know.
            screen::draw(|| self.watched.lines());
        } else if self.live && news {
            self.watched.changes.notify_one();
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.watched.state().over = true;
        self.watched.changes.notify_one();
    }
}

impl State {
    /// The line of this tutorial, from now on if there is none.
    fn running(&mut self, name: &str) -> &mut Running {
        let found = self.running.iter().position(|it| it.name == name);
        let index = found.unwrap_or_else(|| {
            self.running.push(Running {
                name: name.to_owned(),
                since: Instant::now(),
                line: String::new(),
            });
            self.running.len() - 1
        });
        &mut self.running[index]
    }

    fn leave(&mut self, name: &str) -> Option<Running> {
        let found = self.running.iter().position(|it| it.name == name)?;
        Some(self.running.remove(found))
    }

    fn finished(&mut self, name: &str, badly: bool) {
        self.leave(name);
        self.finished += 1;
        self.failed += usize::from(badly);
    }

    /// A line for each that runs, as many as there is room for, and how many are done.
    fn lines(&self, (columns, rows): (usize, usize)) -> Vec<String> {
        if self.running.is_empty() {
            return Vec::new();
        }
        // A row stays free for what is said, one is the total's. The last column too: some terminals wrap behind it.
        let (columns, room) = (columns - 1, rows.saturating_sub(2).max(1));
        let mut lines: Vec<_> = self.running.iter().map(|it| it.fitted(columns)).collect();
        if lines.len() > room {
            let more = format!("and {} more", lines.len() + 1 - room);
            lines.truncate(room - 1);
            lines.push(report::fitted(&more, "", columns));
        }
        if self.expected > 1 {
            lines.push(report::fitted(&self.total(), "", columns));
        }
        lines
    }

    /// `3 of 12, 1 failed`.
    fn total(&self) -> String {
        let done = format!("{} of {}", self.finished, self.expected);
        match self.failed {
            0 => done,
            failed => format!("{done}, {failed} failed"),
        }
    }
}

impl Running {
    fn fitted(&self, columns: usize) -> String {
        let tail = format!(" {}", report::elapsed(self.since.elapsed()));
        report::fitted(&format!("{} {}", self.name, self.line), &tail, columns)
    }
}

impl Watched {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lines(&self) -> Vec<String> {
        self.state().lines(screen::size())
    }

    /// Until the display is over.
    fn keep_drawing(&self) {
        let mut state = self.state();
        while !state.over {
            state = self.next(state);
            state.changed = false;
            drop(state);
            screen::draw(|| self.lines());
            let woken = self
                .changes
                .wait_timeout_while(self.state(), STILL, |state| !state.over);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for something to draw: a change, or as long as something runs, the next second.
    fn next<'a>(&'a self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let same = |state: &mut State| !state.changed && !state.over;
        if state.running.is_empty() {
            let woken = self.changes.wait_while(state, same);
            return woken.unwrap_or_else(PoisonError::into_inner);
        }
        let woken = self.changes.wait_timeout_while(state, TICK, same);
        woken.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Signals are for the other threads: one that is blocked there and awaited on a descriptor (a window's new size, while
/// somebody works in a lab) would come here, and be lost.
#[cfg(all(feature = "run", target_os = "linux"))]
pub(crate) fn take_no_signal() {
    // Every signal can be named in a mask, so nothing can fail.
    let _ = nix::sys::signal::SigSet::all().thread_block();
}

#[cfg(not(all(feature = "run", target_os = "linux")))]
fn take_no_signal() {}
