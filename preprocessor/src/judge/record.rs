//! Runs → the transcript that `record` writes, with what `learn/` finds in them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::derived::{Shown, Ties, pair, pairs, torn};
use super::learn::{Freed, Ground, Seen, learn};
use super::recorded::is_one_of_a_kind;
use super::stale::recorded_step;
use super::step::{is_judged_by_transcript, output_text};
use super::transcript::{FORMAT, Lock, Transcript, TranscriptCommand, TranscriptStep};
use crate::outcome::{CommandRun, Facts, Run, StepRun};
use crate::tutorial::{Action, Ran, Step, Tutorial};

/// What several runs of one tutorial say.
#[derive(Clone, Debug)]
pub struct Lessons {
    /// The first run, with what varies.
    pub transcript: Transcript,
    /// Lines in which the runs differ though neither a kind of value nor an `expect` allows for it.
    pub unexplained: Vec<Varying>,
    /// What is free now, by step and command.
    pub freed: Vec<(usize, usize, Freed)>,
}

/// The transcript of runs in which every step is done: the first one's text, and what the others had differently.
pub fn transcript_of(
    tutorial: &Tutorial,
    run: &Run,
    others: &[&Run],
    lock: Option<Lock>,
    digest: &str,
) -> Lessons {
    let mut lessons = Lessons {
        transcript: Transcript {
            twin: FORMAT,
            recorded: run.date.clone(),
            digest: digest.to_owned(),
            upstream: lock,
            ran: Some(Ran::of(tutorial)),
            facts: run.facts.clone(),
            apart: Vec::new(),
            steps: Vec::new(),
        },
        unexplained: Vec::new(),
        freed: Vec::new(),
    };
    let mut values = Values::default();
    for (index, (step, ran)) in tutorial.steps.iter().zip(&run.steps).enumerate() {
        // What came while something was waited for is another each time, and is in the running command's output.
        if ran.commands.is_empty() || matches!(step.action, Action::Wait(_) | Action::Press(_)) {
            continue;
        }
        let mut commands = recorded_commands(step, ran);
        for (nth, command) in commands.iter_mut().enumerate() {
            let others: Vec<(String, &Facts)> = others
                .iter()
                .filter_map(|run| {
                    let command = run.steps.get(index)?.commands.get(nth)?;
                    Some((output_text(command), &run.facts))
                })
                .collect();
            let others: Vec<Seen<'_>> = others
                .iter()
                .map(|(output, facts)| Seen { output, facts })
                .collect();
            let learned = learn(command, &others, &run.facts, &run.date, step.matching);
            *command = learned.command;
            values.extend(learned.values);
            values.tear(&command.output, &others);
            let freed = learned.freed.into_iter();
            lessons.freed.extend(freed.map(|freed| (index, nth, freed)));
            if is_judged_by_transcript(step) {
                lessons.unexplained(index, nth, learned.unexplained);
            }
        }
        lessons.transcript.steps.push(TranscriptStep {
            id: step.id.clone(),
            terminal: tutorial.terminals[step.terminal].name.clone(),
            commands,
        });
    }
    lessons.transcript.apart = values.apart();
    lessons
}

impl Lessons {
    fn unexplained(
        &mut self,
        step: usize,
        command: usize,
        pairs: Vec<(Option<String>, Option<String>)>,
    ) {
        let pairs = pairs.into_iter().map(|(first, other)| Varying {
            step,
            command,
            first,
            other,
        });
        self.unexplained.extend(pairs);
    }
}

/// Takes over what a transcript that was there allows for because of other machines: commands that are the same still, and
/// lines that are there still.
pub fn take_over(before: &Transcript, transcript: &mut Transcript) {
    for step in &mut transcript.steps {
        let Some(before) = before.step(&step.id) else {
            continue;
        };
        for (command, before) in step.commands.iter_mut().zip(&before.commands) {
            if command.command != before.command {
                continue;
            }
            let shown: Vec<&str> = command.output.lines().collect();
            let is_shown = |line: &String| shown.contains(&line.as_str());
            for (line, others) in before.instead.iter().filter(|(line, _)| is_shown(line)) {
                let known = command.instead.entry(line.clone()).or_default();
                known.extend(
                    others
                        .iter()
                        .filter(|it| !known.contains(it))
                        .cloned()
                        .collect::<Vec<_>>(),
                );
            }
            let repeats = before.repeats.iter().filter(|line| is_shown(line));
            let sometimes = before.sometimes.iter().filter(|line| !is_shown(line));
            for (known, lines) in [
                (&mut command.repeats, repeats.collect::<Vec<_>>()),
                (&mut command.sometimes, sometimes.collect()),
            ] {
                let new = lines.into_iter().filter(|line| !known.contains(line));
                let new: Vec<_> = new.cloned().collect();
                known.extend(new);
            }
        }
    }
}

/// What a run from elsewhere adds to a transcript of the same commands: what it saw differently varies from then on, and
/// values that did not belong together there are apart. The recorded text stays. Steps that did not end in that run, or
/// are judged by `expect`, teach nothing.
pub fn merged(tutorial: &Tutorial, transcript: &Transcript, run: &Run) -> Lessons {
    let mut lessons = Lessons {
        transcript: transcript.clone(),
        unexplained: Vec::new(),
        freed: Vec::new(),
    };
    let mut values = Values::default();
    for (index, (step, ran)) in tutorial.steps.iter().zip(&run.steps).enumerate() {
        let Some(recorded) = recorded_step(tutorial, index, transcript) else {
            continue;
        };
        let mut steps = transcript.steps.iter();
        let at = steps.position(|step| std::ptr::eq(step, recorded));
        let is_whole = ran.ended.is_done() && recorded.commands.len() == ran.commands.len();
        let (Some(at), true) = (at, is_whole && is_judged_by_transcript(step)) else {
            continue;
        };
        for (nth, ran) in ran.commands.iter().enumerate() {
            let seen = [Seen {
                output: &output_text(ran),
                facts: &run.facts,
            }];
            let before = &recorded.commands[nth];
            let learned = learn(
                before,
                &seen,
                &transcript.facts,
                &transcript.recorded,
                step.matching,
            );
            if !learned.unexplained.is_empty() {
                lessons.unexplained(index, nth, learned.unexplained);
                continue;
            }
            let is_new = |freed: &Freed| matches!(freed.ground, Ground::Runs(_));
            let freed = learned.freed.into_iter().filter(is_new);
            lessons.freed.extend(freed.map(|freed| (index, nth, freed)));
            lessons.transcript.steps[at].commands[nth] = learned.command;
            values.extend(learned.values);
            values.tear(&before.output, &seen);
        }
    }
    let apart = &mut lessons.transcript.apart;
    apart.extend(values.apart());
    apart.sort();
    apart.dedup();
    lessons
}

/// Values that look like bindings, and what stood in their places in the other runs.
#[derive(Default)]
struct Values {
    shown: Vec<(Shown, Others)>,
    /// Values that are made of others, by the names of their sums, and were not in another run.
    torn: BTreeSet<&'static str>,
}

/// Run by run; `None`: not known.
type Others = Vec<Option<String>>;

impl Values {
    fn extend(&mut self, values: Vec<(Shown, Others)>) {
        self.shown.extend(values);
    }

    fn tear(&mut self, recorded: &str, others: &[Seen<'_>]) {
        let torn = others.iter().filter_map(|seen| {
            let lines: Vec<&str> = seen.output.lines().collect();
            torn(recorded, &lines, &Ties::default())
        });
        self.torn.extend(torn.map(|(sum, _)| sum.name));
    }

    /// What held in the first run alone: values that were the same in two places, and pairs that belonged together or
    /// were different.
    fn apart(mut self) -> Vec<String> {
        // Many places say the same.
        let mut known = HashSet::new();
        self.shown.retain(|it| known.insert(it.clone()));
        let mut places: BTreeMap<&str, Vec<&Others>> = BTreeMap::new();
        for (shown, others) in &self.shown {
            places.entry(&shown.value).or_default().push(others);
        }
        let mut apart: BTreeSet<String> = self.torn.iter().map(|it| (*it).to_owned()).collect();
        for (value, others) in &places {
            let torn = |(nth, one): (usize, &&Others)| {
                let mut before = others[..nth].iter();
                before.any(|other| is_torn(one, other, &|one, other| one == other))
            };
            if others.iter().enumerate().any(torn) {
                apart.insert((*value).to_owned());
            }
        }
        let shown: Vec<Shown> = self.shown.iter().map(|(shown, _)| shown.clone()).collect();
        for related in pairs(&shown) {
            let (one, other) = related.values();
            let torn = |of_one: &&Others| {
                let mut of_other = places[other].iter();
                of_other
                    .any(|other| is_torn(of_one, other, &|one, other| related.holds(one, other)))
            };
            if places[one].iter().any(torn) {
                apart.insert(pair(one, other));
            }
        }
        // In each other run: a value, and what it was in the first one.
        let mut became: BTreeMap<(usize, &str), BTreeSet<&str>> = BTreeMap::new();
        for (shown, others) in self.shown.iter().filter(|it| !apart.contains(&it.0.value)) {
            for (run, value) in others.iter().enumerate() {
                let value = value.as_ref().filter(|it| is_one_of_a_kind(shown.kind, it));
                if let Some(value) = value {
                    became.entry((run, value)).or_default().insert(&shown.value);
                }
            }
        }
        for values in became.into_values() {
            let values: Vec<&str> = values.into_iter().collect();
            for (nth, one) in values.iter().enumerate() {
                apart.extend(values[..nth].iter().map(|other| pair(one, other)));
            }
        }
        apart.into_iter().collect()
    }
}

/// Whether there is a run between whose values it does not hold.
fn is_torn(one: &Others, other: &Others, holds: &dyn Fn(&str, &str) -> bool) -> bool {
    one.iter().zip(other).any(|both| match both {
        (Some(one), Some(other)) => !holds(one, other),
        _ => false,
    })
}

/// What a key has ended has a status too, but whatever it is it is right, and it may be another the next time.
fn recorded_commands(step: &Step, ran: &StepRun) -> Vec<TranscriptCommand> {
    let mut commands: Vec<_> = ran.commands.iter().map(recorded).collect();
    if matches!(&step.action, Action::Run(run) if run.until.is_some())
        && let Some(last) = commands.last_mut()
    {
        last.exit = None;
    }
    commands
}

fn recorded(command: &CommandRun) -> TranscriptCommand {
    TranscriptCommand {
        prompt: command.prompt.clone(),
        command: command.command.clone(),
        exit: command.exit,
        output: output_text(command),
        omitted: command.output.omitted.as_ref().map(|gap| gap.bytes),
        ..TranscriptCommand::default()
    }
}

/// A line of a step's output that was another in a second run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Varying {
    /// Index into the tutorial's steps.
    pub step: usize,
    /// Index into the step's commands.
    pub command: usize,
    /// The line in the first run, if it has one there.
    pub first: Option<String>,
    /// The line in the other run.
    pub other: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kind, the line from the value on, and what the other runs had.
    fn apart(places: &[(&'static str, &str, &[&str])]) -> Vec<String> {
        let places = places.iter().map(|(kind, text, others)| {
            let end = text.find('/').unwrap_or(text.len());
            let others = others
                .iter()
                .map(|it| (*it != "?").then(|| (*it).to_owned()));
            (
                Shown::new(kind, &text[..end], &text[end..]),
                others.collect(),
            )
        });
        let values = Values {
            shown: places.collect(),
            ..Values::default()
        };
        values.apart()
    }

    const MAC: &str = "ae:e9:d8:1b:1b:1b";
    const OWN: &str = "fe80::ace9:d8ff:fe1b:1b1b";
    const OTHER: &str = "5e:0c:3f:a1:77:02";

    #[test]
    fn what_held_in_every_run_is_not_apart() {
        let nothing: [&str; 0] = [];
        assert_eq!(
            apart(&[
                ("mac", MAC, &[OTHER, "?"]),
                ("mac", MAC, &[OTHER, "02:00:00:00:00:01"]),
                ("ipv6", OWN, &["fe80::5c0c:3fff:fea1:7702", "?"]),
                ("ipv4", "10.0.2.0/24", &["10.7.0.0", "10.8.0.0"]),
                ("ipv4", "10.0.2.15", &["10.7.0.9", "10.8.0.33"]),
            ]),
            nothing
        );
    }

    #[test]
    fn what_another_run_tore_is_apart() {
        // The same in the first run alone.
        let two = [("mac", MAC, &[OTHER][..]), ("mac", MAC, &[MAC])];
        assert_eq!(apart(&two), [MAC]);
        // Made from the other in the first run alone.
        let own = [("mac", MAC, &[OTHER][..]), ("ipv6", OWN, &["fe80::1"])];
        assert_eq!(apart(&own), [pair(MAC, OWN)]);
        let network = [
            ("ipv4", "10.0.2.0/24", &["10.7.0.0"][..]),
            ("ipv4", "10.0.2.15", &["10.8.0.9"]),
        ];
        assert_eq!(apart(&network), ["10.0.2.0 10.0.2.15"]);
        // Different in the first run alone.
        let became = [("mac", MAC, &[OTHER][..]), ("mac", OTHER, &[OTHER])];
        assert_eq!(apart(&became), [pair(MAC, OTHER)]);
    }

    #[test]
    fn what_other_machines_taught_is_kept_for_commands_that_are_the_same() {
        let command = |command: &str, output: &str| TranscriptCommand {
            command: command.to_owned(),
            output: output.to_owned(),
            ..TranscriptCommand::default()
        };
        let transcript = |commands: Vec<TranscriptCommand>| Transcript {
            twin: FORMAT,
            recorded: String::new(),
            digest: String::new(),
            upstream: None,
            ran: None,
            facts: Facts::default(),
            apart: Vec::new(),
            steps: vec![TranscriptStep {
                id: "look".to_owned(),
                terminal: "main".to_owned(),
                commands,
            }],
        };
        let mut taught = command("ip addr", "a\nb\n");
        taught.instead = [("a".to_owned(), vec!["A".to_owned()])].into();
        taught.sometimes = vec!["now and then".to_owned()];
        taught.repeats = vec!["b".to_owned()];
        let before = transcript(vec![taught.clone(), taught.clone(), taught.clone()]);
        let mut new = transcript(vec![
            command("ip addr", "a\nb\n"),
            command("ip addr", "now and then\nc\n"),
            command("ip link", "a\nb\n"),
        ]);
        take_over(&before, &mut new);
        assert_eq!(new.steps[0].commands[0], taught);
        let plain = [
            command("ip addr", "now and then\nc\n"),
            command("ip link", "a\nb\n"),
        ];
        assert_eq!(new.steps[0].commands[1..], plain);
    }

    #[test]
    fn what_another_run_made_otherwise_is_apart() {
        let ping = |least: &str| {
            let count = "1 packets transmitted, 1 received, 0% packet loss, time 0ms";
            let times = "64 bytes from 10.0.0.1: icmp_seq=1 ttl=64 time=0.111 ms";
            format!("{times}\n{count}\nrtt min/avg/max/mdev = {least}/0.111/0.111/0.000 ms\n")
        };
        let facts = Facts::default();
        let apart_after = |least| {
            let mut values = Values::default();
            let seen = Seen {
                output: &ping(least),
                facts: &facts,
            };
            values.tear(&ping("0.111"), &[seen]);
            values.apart()
        };
        assert!(apart_after("0.111").is_empty());
        assert_eq!(apart_after("0.100"), ["round_trips"]);
    }
}
