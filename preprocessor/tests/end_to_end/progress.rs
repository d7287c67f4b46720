//! What is seen while tutorials run: at a terminal, as a person sees it, and in a pipe, line by line.

use mdbook_twin::outcome::{Ended, Failure};
use regex::Regex;
use rexpect::session::{PtySession, spawn_command};

use crate::world::{Answer, HANGS, World, program};

const HELLO: &str = "title: Hello\nsteps:\n  - run: echo hello\n";
const WAITS: &str = "title: Waits\nterminals: [left, right]\nsteps:\n  - run: echo begun\n  - terminal: right\n    \
                     wait: {path: /tmp/never}\n    timeout: 1h\ncleanup:\n  - run: echo clean\n";

/// A terminal of this size in which the program runs, and all that it was sent.
struct Person {
    session: PtySession,
    seen: String,
    size: (usize, usize),
}

impl Person {
    fn at_a_terminal(world: &World, (columns, rows): (usize, usize), arguments: &[&str]) -> Self {
        // rexpect's terminal has no size when the program starts, and no echo, which shows ^C where the cursor is.
        let mut command = world.command("sh");
        let script = format!("stty rows {rows} cols {columns} echo; exec \"$@\"");
        command.args(["-c", &script, "sh"]).arg(program());
        command.args(arguments).env("TERM", "xterm");
        Self {
            session: spawn_command(command, Some(HANGS)).expect("a terminal"),
            seen: String::new(),
            size: (columns, rows),
        }
    }

    /// Waits until this was sent.
    fn sees(&mut self, text: &str) {
        let before = self.session.exp_string(text).expect(text);
        self.seen.push_str(&(before + text));
    }

    fn sees_the_end(&mut self) {
        let rest = self.session.exp_eof().expect("the end of its output");
        self.seen.push_str(&rest);
    }

    /// The lines on the screen now, without times.
    fn screen(&self) -> Vec<String> {
        let (columns, rows) = self.size;
        let mut terminal = avt::Terminal::new(columns, rows).expect("a size");
        // rexpect makes a character of each byte.
        let bytes: Vec<u8> = self.seen.chars().map(|c| c as u8).collect();
        terminal.feed([&*String::from_utf8_lossy(&bytes)]);
        let screen = terminal.screen();
        let line = |row| timeless(&screen.line(row).expect("a row of it").text());
        let mut lines: Vec<_> = (0..rows).map(line).collect();
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    }
}

/// What differs from run to run.
fn timeless(text: &str) -> String {
    let time = Regex::new(r"\d+(\.\d)? s\b").expect("a pattern");
    time.replace_all(text, "T").trim_end().to_owned()
}

fn book() -> World {
    let world = World::new();
    world.tutorial("hello", HELLO);
    world.tutorial("waits", WAITS);
    world.twin(&["record", "hello"]).expect(0);
    world
}

#[test]
fn a_person_sees_what_is_waited_for_and_in_the_end_what_stays() {
    let world = book();
    let arguments = ["verify", "--jobs", "2", "--color", "never"];
    let mut person = Person::at_a_terminal(&world, (80, 24), &arguments);
    person.sees("waits 2/3 right: wait, until the path /tmp/never ");
    person.sees("1 of 2\u{1b}[1A\r");
    assert_eq!(
        person.screen(),
        [
            "verified hello in T",
            "waits 2/3 right: wait, until the path /tmp/never T",
            "1 of 2"
        ]
    );
    person.session.send_control('c').expect("typed");
    person.sees_the_end();
    let place = "step `step-2` (tutorials/waits.yaml:5:5): interrupted: ^C";
    assert_eq!(
        person.screen(),
        [
            "verified hello in T",
            &format!("failed waits in T: {place}"),
            &format!("failed waits: {place}"),
            "  in terminal `right` on host `localhost`",
            "  nothing was printed",
            "  = to see it again: mdbook-twin verify waits",
            "1 verified, 1 failed",
        ]
    );
}

#[test]
fn a_narrow_terminal_shows_how_far_it_is_and_wraps_no_line_that_changes() {
    let world = book();
    let arguments = [
        "verify", "waits", "hello", "--jobs", "2", "--color", "never",
    ];
    let mut person = Person::at_a_terminal(&world, (20, 24), &arguments);
    person.sees("waits 2/3 ri");
    person.sees("1 of 2\u{1b}[1A\r");
    let screen = person.screen();
    assert_eq!(screen[screen.len() - 2..], ["waits 2/3 righ… T", "1 of 2"]);
    person.session.send_control('c').expect("typed");
    person.sees_the_end();
    let screen = person.screen();
    let changing = screen.iter().filter(|line| line.contains("waits 2/3"));
    assert_eq!(changing.count(), 0, "{screen:?}");
}

#[test]
fn a_pipe_gets_a_line_when_a_tutorial_begins_and_one_when_it_ends() {
    let world = book();
    assert_eq!(world.twin(&["verify", "hello", "--quiet"]).stderr, "");
    let told = |arguments: &[&str], code| {
        let answer = world.twin(arguments).expect(code);
        timeless(&answer.stderr)
    };
    assert_eq!(
        told(&["verify", "hello"], 0),
        "running hello: 1 step\nverified hello in T\n1 verified"
    );
    world.edit("book/tutorials/hello.yaml", "echo hello", "false");
    assert_eq!(
        told(&["verify", "hello"], 1),
        "running hello: 1 step
failed hello in T: step `step-1` (tutorials/hello.yaml:3:5): exit status 1, expected 0
failed hello: step `step-1` (tutorials/hello.yaml:3:5): exit status 1, expected 0
  in terminal `terminal` on host `localhost`:
    $ false
  nothing was printed
  not as recorded: step `step-1` (tutorials/hello.yaml:3:5): the command is `false`, recorded was `echo hello`
  = to see it again: mdbook-twin verify hello
1 failed"
    );
}

/// Sixteen that never end, in sixteen labs; `MARK` is in the command line of what they run.
fn sixteen(test: u8, cleanup: &str) -> (World, String) {
    let world = World::new();
    // A time of its own for each test and each run of it: what is left of another is not ours.
    let mark = format!("1000.{}{test}", std::process::id());
    for number in 10..26 {
        let spec = format!(
            "title: {number}\nsteps:\n  - {{run: sleep {mark}, timeout: 1h}}\n  - run: echo {number}\ncleanup:\n  \
             - {{run: {}, timeout: 1h}}\n",
            cleanup.replace("MARK", &mark)
        );
        world.tutorial(&format!("t{number}"), &spec);
    }
    (world, mark)
}

impl Person {
    /// Waits until all sixteen are at this step, seen at once.
    fn sees_sixteen_at(&mut self, step: &str) {
        let lines = format!("(t\\d\\d {step}[^\\r]*\\r\\r\\n){{16}}");
        let (before, found) = self.session.exp_regex(&lines).expect(step);
        self.seen.push_str(&(before + &found));
    }
}

fn is_running(mark: &str) -> bool {
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    let lines = processes.filter_map(|it| std::fs::read(it.path().join("cmdline")).ok());
    lines.into_iter().any(|line| {
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        line.contains(mark)
    })
}

#[test]
fn an_interrupt_ends_sixteen_at_once_with_their_cleanup() {
    let (world, mark) = sixteen(1, "echo clean");
    let arguments = ["verify", "--jobs", "16", "--color", "never"];
    let mut person = Person::at_a_terminal(&world, (80, 30), &arguments);
    person.sees_sixteen_at("1/3 sleep");
    assert!(is_running(&mark));
    person.session.send_control('c').expect("typed");
    person.sees_the_end();
    assert!(person.seen.ends_with("\n16 failed\r\n"), "{}", person.seen);
    for number in 10..26 {
        let run = world.read(&format!("cache/failed/t{number}.run.json"));
        let kept: mdbook_twin::verify::KeptRun = serde_json::from_str(&run).expect("a run");
        let ends: Vec<_> = kept.run.steps.iter().map(|step| &step.ended).collect();
        let interrupted = Ended::Failed(Failure::Interrupted("^C".to_owned()));
        assert_eq!(ends, [&interrupted, &Ended::NotReached, &Ended::Done]);
    }
    assert!(!is_running(&mark));
}

#[test]
fn a_second_interrupt_waits_for_no_cleanup() {
    let (world, mark) = sixteen(2, "sleep MARK");
    let arguments = ["verify", "--jobs", "16", "--color", "never"];
    let mut person = Person::at_a_terminal(&world, (80, 30), &arguments);
    person.sees_sixteen_at("1/3 sleep");
    person.session.send_control('c').expect("typed");
    person.sees_sixteen_at("3/3 sleep");
    person.session.send_control('c').expect("typed");
    person.sees_the_end();
    assert!(person.seen.ends_with("\n16 failed\r\n"), "{}", person.seen);
    assert!(!is_running(&mark));
}

#[test]
fn a_machine_that_holds_no_more_labs_says_what_to_do() {
    let world = book();
    let script = "ulimit -n 14; exec \"$@\"";
    let mut command = world.command("sh");
    command.args(["-c", script, "sh"]).arg(program());
    let output = command.args(["verify", "hello"]).output().expect("it runs");
    Answer::of(output).expect(1).says(&[
        "failed hello: no lab: Too many open files",
        "run fewer tutorials side by side (`--jobs`), or raise the limit of open files: ulimit -n",
    ]);
}
