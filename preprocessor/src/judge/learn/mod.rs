//! What `record` learns: what of an output varies, and what does not.
//!
//! In: the same commands' outputs in several runs. Out: the first run's output with what varies in it
//! ([`TranscriptCommand::varies`] and its neighbours), the ground for each place that is free, and the lines that
//! differ and could not be explained. What is learned is proved by the judge's own comparison before it is believed.
//!
//! 1. [`prior`]s free what one machine on one day can't show to vary.
//! 2. The lines of each run are aligned with the first's ([`lines`]).
//! 3. Lines that differ are explained by kinds of value ([`tokens`]).
//! 4. Lines without a partner: the same lines in another order, a line that repeats, a line that comes at times.
//! 5. Lines that differ on another machine, and that no kind explains: either is right ([`instead`]).

mod instead;
mod lines;
mod prior;
mod tokens;

use std::cell::RefCell;
use std::ops::Range;

use super::bindings::{Bindings, Name};
use super::compare::compare;
use super::derived::Shown;
use super::pattern::{LinePattern, Pattern};
use super::recorded::{Known, pattern_with, shape};
use super::transcript::TranscriptCommand;
use super::varies::{Place, entries, places};
use super::verdict::DiffLine;
use crate::outcome::Facts;
use crate::tutorial::Matching;

/// Why a value may be another the next time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ground {
    /// It always may: the prior's name.
    Prior(&'static str),
    /// Other runs had these.
    Runs(Vec<String>),
    /// The transcript said so already.
    Recorded,
}

/// A value that is free now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freed {
    /// 0-based line of the output.
    pub line: usize,
    /// Bytes of the line.
    pub range: Range<usize>,
    /// Name of its matcher.
    pub kind: &'static str,
    /// Why.
    pub ground: Ground,
}

/// What was learned of one command's output.
#[derive(Clone, Debug, Default)]
pub struct Learned {
    /// The command with all that may vary.
    pub command: TranscriptCommand,
    /// Each free value.
    pub freed: Vec<Freed>,
    /// Pairs of lines that differ and are explained by nothing: the first run's, and another's.
    pub unexplained: Vec<(Option<String>, Option<String>)>,
    /// Each free value that is a binding by its looks, and what it was in the other runs (`None`: not known).
    pub(super) values: Vec<(Shown, Vec<Option<String>>)>,
}

/// What a command gave in another run.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Its output.
    pub output: &'a str,
    /// What that run ran on.
    pub facts: &'a Facts,
}

/// One output on the way.
#[derive(Clone)]
struct Lesson<'a> {
    command: &'a TranscriptCommand,
    lines: Vec<&'a str>,
    free: Vec<Vec<Place>>,
    freed: Vec<Freed>,
}

/// `command` is the first run's, with what is known of it already, `facts` what that ran on and `date` when (`YYYY-MM-DD`).
/// The order of lines is learned where the author's `matching` leaves it open.
pub fn learn(
    command: &TranscriptCommand,
    others: &[Seen<'_>],
    facts: &Facts,
    date: &str,
    matching: Matching,
) -> Learned {
    let mut lesson = Lesson::begin(command, facts, date);
    let mut learned = command.clone();
    let seen = others;
    let others: Vec<Vec<&str>> = seen.iter().map(|it| it.output.lines().collect()).collect();
    // Tighter than what differs line by line.
    learned.unordered |= matching == Matching::Exact && lesson.is_shuffled(&others);
    let unordered = matching == Matching::Unordered || learned.unordered;
    for _ in 0..2 {
        // What is learned of one line helps to find the partners of the others.
        let partners = lesson.partners(&others, unordered);
        lesson.explain(&partners, &others);
    }
    let aligned = lesson.partners(&others, false);
    if !unordered && matching == Matching::Exact && !lesson.is_paired(&aligned, &others) {
        let is_small = |other: &Vec<&str>| lines::is_small(lesson.lines.len(), other.len());
        let sorted = others.iter().all(is_small).then(|| {
            let partners = lesson.partners(&others, true);
            let mut lesson = lesson.clone();
            lesson.explain(&partners, &others);
            let is_paired = lesson.is_paired(&partners, &others);
            (lesson, is_paired)
        });
        match sorted {
            Some((sorted, true)) => {
                lesson = sorted;
                learned.unordered = true;
            }
            _ => lesson.number_of_lines(&aligned, &others, &mut learned),
        }
    }
    let partners = lesson.partners(&others, unordered || learned.unordered);
    for ((partners, other), _) in partners
        .iter()
        .zip(&others)
        .zip(seen)
        .filter(|(_, seen)| seen.facts != facts)
    {
        lesson.in_other_words(partners, other, &mut learned);
    }
    let mut all_lines = lesson.lines.clone();
    let extra = learned.sometimes.iter();
    let extra = extra.chain(learned.instead.values().flatten());
    let extra: Vec<&str> = extra.map(String::as_str).collect();
    all_lines.extend(&extra);
    let mut all_places = lesson.free.clone();
    let own = entries(&lesson.lines, &lesson.free);
    for (line, mut free) in extra.iter().zip(places(&extra, &own)) {
        let found = prior::priors(line, facts, date).into_iter();
        let found = found.map(|(place, _)| place);
        free.extend(
            found
                .filter(|place| free.iter().all(|it| it.is_apart(place)))
                .collect::<Vec<_>>(),
        );
        free.sort_by_key(|place| place.range.start);
        all_places.push(free);
    }
    learned.varies = entries(&all_lines, &all_places);
    prove(learned, lesson.freed, seen, facts, matching)
}

impl<'a> Lesson<'a> {
    fn begin(command: &'a TranscriptCommand, facts: &Facts, date: &str) -> Self {
        let lines: Vec<&str> = command.output.lines().collect();
        let mut free = places(&lines, &command.varies);
        let mut freed = Vec::new();
        for (at, (line, free)) in lines.iter().zip(&mut free).enumerate() {
            freed.extend(
                free.iter()
                    .map(|place| freed_at(at, place, Ground::Recorded)),
            );
            for (place, name) in prior::priors(line, facts, date) {
                if free.iter().all(|it| it.is_apart(&place)) {
                    freed.push(freed_at(at, &place, Ground::Prior(name)));
                    free.push(place);
                }
            }
            free.sort_by_key(|place| place.range.start);
        }
        Self {
            command,
            lines,
            free,
            freed,
        }
    }

    fn patterns(&self) -> Vec<LinePattern> {
        let lines = self.lines.iter().zip(&self.free);
        let pattern = |(line, free): (&&str, &Vec<Place>)| {
            let instead = self.command.instead.get(*line).into_iter().flatten();
            let instead = instead.map(|other| {
                let free = places(&[other], &self.command.varies);
                LinePattern::free(other, &free[0])
            });
            LinePattern::free(line, free).or(instead.collect())
        };
        lines.map(pattern).collect()
    }

    /// Per run, per line its partner.
    fn partners(&self, others: &[Vec<&str>], unordered: bool) -> Vec<Vec<Option<usize>>> {
        let patterns = self.patterns();
        let of_run = |other: &Vec<&str>| match unordered {
            true => in_any_order(&patterns, other),
            false => lines::align(&patterns, other),
        };
        others.iter().map(of_run).collect()
    }

    /// Whether every run has the same lines, and one has them in another order.
    fn is_shuffled(&self, others: &[Vec<&str>]) -> bool {
        let patterns = self.patterns();
        let fits = |(line, other): (&LinePattern, &&str)| line.matches(other, &Bindings::default());
        let is_in_order = |other: &Vec<&str>| patterns.iter().zip(other).all(fits);
        let is_same = |other: &Vec<&str>| {
            let taken = matching_in_any_order(&patterns, other);
            other.len() == patterns.len() && taken.iter().all(Option::is_some)
        };
        let is_small = |other: &Vec<&str>| lines::is_small(patterns.len(), other.len());
        !others.iter().all(is_in_order)
            && others
                .iter()
                .all(|other| is_small(other) && (is_in_order(other) || is_same(other)))
    }

    /// Whether every line of every run has its partner, and is what that says.
    fn is_paired(&self, partners: &[Vec<Option<usize>>], others: &[Vec<&str>]) -> bool {
        let patterns = self.patterns();
        partners.iter().zip(others).all(|(partners, other)| {
            let is_what_it_says = |(pattern, at): (&LinePattern, &Option<usize>)| {
                at.is_some_and(|at| pattern.matches(other[at], &Bindings::default()))
            };
            other.len() == partners.len() && patterns.iter().zip(partners).all(is_what_it_says)
        })
    }

    /// Frees what differs between partners.
    fn explain(&mut self, partners: &[Vec<Option<usize>>], others: &[Vec<&str>]) {
        let patterns = self.patterns();
        for (at, line) in self.lines.iter().enumerate() {
            let came: Vec<&str> = partners
                .iter()
                .zip(others)
                .filter_map(|(partners, other)| Some(other[partners[at]?]))
                .collect();
            let fits = |line: &&str| patterns[at].matches(line, &Bindings::default());
            if came.iter().all(fits) {
                continue;
            }
            let known = std::mem::take(&mut self.free[at]);
            let Some(found) = tokens::explain(line, &came, &known) else {
                self.free[at] = known;
                continue;
            };
            let mut before: Vec<Freed> = Vec::new();
            self.freed.retain(|freed| {
                if freed.line == at {
                    before.push(freed.clone());
                }
                freed.line != at
            });
            for found in found {
                let place = found.place;
                let known = before
                    .iter()
                    .find(|freed| freed.range == place.range && freed.kind == place.kind);
                let ground = match known {
                    Some(known) => known.ground.clone(),
                    None => Ground::Runs(found.values),
                };
                self.freed.push(freed_at(at, &place, ground));
                self.free[at].push(place);
            }
        }
    }

    /// Lines that are others on a machine of other facts, and nothing explains why: either is right from then on.
    fn in_other_words(
        &self,
        partners: &[Option<usize>],
        other: &[&str],
        learned: &mut TranscriptCommand,
    ) {
        let patterns = self.patterns();
        for (at, partner) in partners.iter().enumerate() {
            let Some(line) = partner.map(|at| other[at]) else {
                continue;
            };
            if patterns[at].matches(line, &Bindings::default()) {
                continue;
            }
            let own = instead::of(self.lines[at], &self.free[at], line);
            let known = learned.instead.entry(self.lines[at].to_owned());
            let known = known.or_default();
            if !known.contains(&own) {
                known.push(own);
            }
        }
    }

    /// Lines without a partner: those that repeat, and those that come at times.
    fn number_of_lines(
        &self,
        partners: &[Vec<Option<usize>>],
        others: &[Vec<&str>],
        learned: &mut TranscriptCommand,
    ) {
        let patterns = self.patterns();
        let shapes: Vec<String> = self
            .lines
            .iter()
            .zip(&self.free)
            .map(|(line, free)| shape(line, free))
            .collect();
        let beside = |at: usize| {
            let before = at.checked_sub(1).map(|at| &shapes[at]);
            before == Some(&shapes[at]) || shapes.get(at + 1) == Some(&shapes[at])
        };
        let mut repeats: Vec<usize> = Vec::new();
        let mut sometimes: Vec<String> = Vec::new();
        for (partners, other) in partners.iter().zip(others) {
            for gap in lines::gaps(partners, other.len()) {
                // Lines on both sides that are nothing alike: what became of them is not known.
                if !gap.lines.is_empty() && !gap.other.is_empty() {
                    continue;
                }
                for at in gap.lines.clone() {
                    match beside(at) {
                        true => repeats.push(at),
                        false => sometimes.push(self.lines[at].to_owned()),
                    }
                }
                // The lines that stand around it in the first run.
                let around = gap.lines.start.checked_sub(1).into_iter();
                let around: Vec<usize> = around.chain([gap.lines.start]).collect();
                for line in &other[gap.other] {
                    let fits = |at: &&usize| {
                        let pattern = patterns.get(**at);
                        pattern.is_some_and(|it| it.matches(line, &Bindings::default()))
                    };
                    match around.iter().find(fits) {
                        Some(at) => repeats.push(*at),
                        None => sometimes.push((*line).to_owned()),
                    }
                }
            }
        }
        for at in repeats {
            let known = learned.repeats.iter();
            let mut known = known.filter(|text| {
                self.lines
                    .iter()
                    .position(|line| line == text)
                    .is_some_and(|index| shapes[index] == shapes[at])
            });
            if known.next().is_none() {
                learned.repeats.push(self.lines[at].to_owned());
            }
        }
        let known: Vec<&str> = learned.sometimes.iter().map(String::as_str).collect();
        let known_places = places(&known, &learned.varies);
        let known: Vec<LinePattern> = known
            .iter()
            .zip(&known_places)
            .map(|(line, places)| LinePattern::free(line, places))
            .collect();
        for line in sometimes {
            let is_known = known
                .iter()
                .any(|known| known.matches(&line, &Bindings::default()));
            if !is_known && !learned.sometimes.contains(&line) {
                learned.sometimes.push(line);
            }
        }
    }
}

/// Each line with the first line that it matches and none before it took.
fn matching_in_any_order(patterns: &[LinePattern], other: &[&str]) -> Vec<Option<usize>> {
    let mut taken = vec![false; other.len()];
    let partner = |pattern: &LinePattern| {
        let fits = |at: &usize| !taken[*at] && pattern.matches(other[*at], &Bindings::default());
        let found = (0..other.len()).find(fits);
        if let Some(at) = found {
            taken[at] = true;
        }
        found
    };
    patterns.iter().map(partner).collect()
}

/// The same, and what is left with the line that it is most like.
fn in_any_order(patterns: &[LinePattern], other: &[&str]) -> Vec<Option<usize>> {
    let mut partners = matching_in_any_order(patterns, other);
    let mut taken = vec![false; other.len()];
    for at in partners.iter().flatten() {
        taken[*at] = true;
    }
    for (pattern, partner) in patterns.iter().zip(&mut partners) {
        if partner.is_some() {
            continue;
        }
        let free = (0..other.len()).filter(|at| !taken[*at]);
        let likely = free.map(|at| (tokens::likeness(&pattern.written, other[at]), at));
        *partner = likely
            .filter(|(alike, _)| *alike >= 300)
            .max()
            .map(|(_, at)| at);
        if let Some(at) = *partner {
            taken[at] = true;
        }
    }
    partners
}

fn freed_at(line: usize, place: &Place, ground: Ground) -> Freed {
    Freed {
        line,
        range: place.range.clone(),
        kind: place.kind,
        ground,
    }
}

/// The judge has the last word: a run that would not be taken for the same is not explained.
fn prove(
    command: TranscriptCommand,
    freed: Vec<Freed>,
    others: &[Seen<'_>],
    facts: &Facts,
    matching: Matching,
) -> Learned {
    let matching = match matching {
        Matching::Exact if command.unordered => Matching::Unordered,
        other => other,
    };
    let mut values: Vec<(Shown, Vec<Option<String>>)> = Vec::new();
    let mut unexplained = Vec::new();
    for other in others {
        let (pattern, names) = named_pattern(&command, facts, other.facts);
        let lines: Vec<&str> = other.output.lines().collect();
        let mut bindings = Bindings::default();
        let difference = compare(&pattern, &lines, matching, &mut bindings);
        for (nth, shown) in names.into_iter().enumerate() {
            if nth == values.len() {
                values.push((shown, Vec::new()));
            }
            let value = bindings.bound(&Name::Nth(nth));
            values[nth].1.push(value.map(str::to_owned));
        }
        if let Some(difference) = difference {
            // A line is told once, with the first run whose own line nothing explains.
            for pair in pairs(&difference.lines) {
                let is_told = |told: &&mut (Option<String>, _)| match &pair.0 {
                    Some(line) => told.0.as_ref() == Some(line),
                    None => **told == pair,
                };
                match unexplained.iter_mut().find(is_told) {
                    Some(told) if is_explained(told) && !is_explained(&pair) => *told = pair,
                    Some(_) => {}
                    None => unexplained.push(pair),
                }
            }
        }
    }
    Learned {
        command,
        freed,
        unexplained,
        values,
    }
}

/// Whether the two differ in values alone, so that it is another run's line that makes them differ in more.
fn is_explained(pair: &(Option<String>, Option<String>)) -> bool {
    let (Some(line), Some(other)) = pair else {
        return false;
    };
    tokens::explain(line, &[other], &[]).is_some()
}

/// A name for each place that looks like a binding: what it was in the other run can be asked then.
fn named_pattern(command: &TranscriptCommand, then: &Facts, now: &Facts) -> (Pattern, Vec<Shown>) {
    let known = Known {
        then,
        now,
        apart: &[],
    };
    let shown = RefCell::new(Vec::new());
    let pattern = pattern_with(command, known, &|value| {
        let mut shown = shown.borrow_mut();
        shown.push(value.clone());
        Some(Name::Nth(shown.len() - 1))
    });
    (pattern, shown.into_inner())
}

/// Missing and extra lines, side by side.
fn pairs(lines: &[DiffLine]) -> Vec<(Option<String>, Option<String>)> {
    let is_same = |line: &DiffLine| matches!(line, DiffLine::Same { .. });
    let mut found = Vec::new();
    for change in lines.split(is_same) {
        let missing = change.iter().filter_map(|line| match line {
            DiffLine::Missing { expected, .. } => Some(expected.clone()),
            _ => None,
        });
        let extra = change.iter().filter_map(|line| match line {
            DiffLine::Extra { actual, .. } => Some(actual.clone()),
            _ => None,
        });
        let (missing, extra): (Vec<_>, Vec<_>) = (missing.collect(), extra.collect());
        for at in 0..missing.len().max(extra.len()) {
            found.push((missing.get(at).cloned(), extra.get(at).cloned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: &str = "2026-11-30";

    #[test]
    fn other_words_are_right_on_another_machine_alone() {
        let command = TranscriptCommand {
            output: "2: vde0\n    inet 10.0.2.15/24 scope global\n".to_owned(),
            ..TranscriptCommand::default()
        };
        let output = "2: vde0\n    inet 10.0.2.16/24 scope global proto kernel_lo\n";
        let here = Facts::default();
        let there = Facts {
            kernel: "6.12.1".to_owned(),
            ..Facts::default()
        };
        let lesson = |facts| {
            learn(
                &command,
                &[Seen { output, facts }],
                &here,
                TODAY,
                Matching::Exact,
            )
        };
        let same = lesson(&here);
        assert_eq!(same.unexplained.len(), 1);
        assert!(same.command.instead.is_empty());

        let merged = lesson(&there);
        assert_eq!(merged.unexplained, []);
        let instead = &merged.command.instead["    inet 10.0.2.15/24 scope global"];
        assert_eq!(
            instead,
            &["    inet 10.0.2.16/24 scope global proto kernel_lo"]
        );
        // What is known already is not learned twice, and lets nothing else through.
        let other = output.replace("kernel_lo", "static");
        for (output, agrees) in [(output, true), (&command.output, true), (&other, false)] {
            let seen = [Seen {
                output,
                facts: &here,
            }];
            let again = learn(&merged.command, &seen, &here, TODAY, Matching::Exact);
            assert_eq!(again.unexplained.is_empty(), agrees, "{output}");
            assert_eq!(again.command.instead, merged.command.instead);
        }
    }

    #[test]
    fn the_same_lines_in_another_order_are_no_other_numbers() {
        let command = TranscriptCommand {
            output: "worker 3\nworker 1\nworker 2\n".to_owned(),
            ..TranscriptCommand::default()
        };
        let facts = Facts::default();
        let lesson = |others: &[&'static str]| {
            let seen = others.iter().map(|output| Seen {
                output,
                facts: &facts,
            });
            let seen: Vec<_> = seen.collect();
            learn(&command, &seen, &facts, TODAY, Matching::Exact)
        };
        let learned = lesson(&[
            "worker 3\nworker 1\nworker 2\n",
            "worker 1\nworker 3\nworker 2\n",
        ]);
        assert!(learned.command.unordered && learned.unexplained.is_empty());
        assert_eq!(learned.freed, []);
        // Other numbers are.
        let learned = lesson(&[
            "worker 4\nworker 1\nworker 2\n",
            "worker 1\nworker 3\nworker 2\n",
        ]);
        assert!(!learned.command.unordered && learned.unexplained.is_empty());
        assert_eq!(learned.freed.len(), 2);
    }

    #[test]
    fn lines_in_another_order_may_have_other_values_too() {
        let command = TranscriptCommand {
            output: "127.0.0.1:8000   127.0.0.1:36160\n127.0.0.1:36160  127.0.0.1:8000\n"
                .to_owned(),
            ..TranscriptCommand::default()
        };
        let facts = Facts::default();
        let lesson = |output| {
            let seen = [Seen {
                output,
                facts: &facts,
            }];
            learn(&command, &seen, &facts, TODAY, Matching::Exact)
        };
        let learned = lesson("127.0.0.1:36208  127.0.0.1:8000\n127.0.0.1:8000   127.0.0.1:36208\n");
        assert_eq!(learned.unexplained, []);
        assert!(learned.command.unordered);
        assert_eq!(learned.command.varies["port"], ["36160"]);
        // Not where that explains nothing.
        let learned = lesson("127.0.0.1:36208 is down\n127.0.0.1:8000   127.0.0.1:36208\n");
        assert!(!learned.command.unordered && !learned.unexplained.is_empty());
    }

    #[test]
    fn the_run_that_is_not_explained_is_told() {
        let command = TranscriptCommand {
            output: "10 2 R+  00:00 ps\n".to_owned(),
            ..TranscriptCommand::default()
        };
        let facts = Facts::default();
        let seen = ["64 56 R+  00:00 ps\n", "118 110 R+ 4410-18 ps\n"].map(|output| Seen {
            output,
            facts: &facts,
        });
        let learned = learn(&command, &seen, &facts, TODAY, Matching::Exact);
        let told = learned
            .unexplained
            .iter()
            .map(|(_, other)| other.as_deref());
        assert_eq!(told.collect::<Vec<_>>(), [Some("118 110 R+ 4410-18 ps")]);
    }

    #[test]
    fn a_long_output_is_in_the_order_that_it_is_in() {
        let output = |factor: usize| -> String {
            let lines =
                (0..700).map(|nth| format!("line {nth} of {}\n", 1000 + nth * factor % 997));
            lines.collect()
        };
        let command = TranscriptCommand {
            output: output(31),
            ..TranscriptCommand::default()
        };
        let facts = Facts::default();
        let other = output(57);
        let seen = [Seen {
            output: &other,
            facts: &facts,
        }];
        let learned = learn(&command, &seen, &facts, TODAY, Matching::Exact);
        assert!(!learned.command.unordered && learned.unexplained.is_empty());
        // The first line has the same number in both.
        assert_eq!(learned.freed.len(), 699);
    }
}
