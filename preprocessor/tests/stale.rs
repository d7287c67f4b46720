//! What makes a transcript stale, and what it says: each key of a spec is changed once, in a table that has to name them
//! all. Rows and not folders, since what counts is that none is missing.

#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

use std::collections::BTreeSet;
use std::sync::Arc;

use mdbook_twin::diagnostic::{SourceFile, render_all};
use mdbook_twin::judge::transcript::from_yaml;
use mdbook_twin::judge::verdict::{Stale, Verdict};
use mdbook_twin::judge::{Transcript, Verification, standing, transcript_of};
use mdbook_twin::outcome::{CommandRun, Ended, Facts, Run, StepRun};
use mdbook_twin::paint::Paint;
use mdbook_twin::readme::Readme;
use mdbook_twin::report;
use mdbook_twin::tutorial::digest::digest;
use mdbook_twin::tutorial::{
    self, Action, ExpectedExit, Resolved, Sources, Spec, Step, Tutorial, UpstreamFile, resolve,
};
use serde_json::Value;

const SPEC: &str = "
# A comment.
title: A title
summary: A summary.
upstream-note: A note.
upstream:
  git: https://example.org/up
  commit: 1111111111111111111111111111111111111111
  file: README.md
  sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
hosts:
  one:
    debian: trixie
    packages: [make, gcc]
    needs: [tun]
    names: [one.example.org]
    user: root
    checkout: true
  two:
    programs: [git]
network: {one: 192.0.2.1/24, two: 192.0.2.2/24}
terminals:
  main: {host: one, title: the first}
  other: {host: two, title: the second}
limits: {memory: 1G, pids: 100, disk: 3G}
timeout: 10m
inputs:
  - {url: 'https://example.org/file', sha256: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, path: f, host: two}
  - {git: 'https://example.org/tree', commit: '2222222222222222222222222222222222222222', path: t}
setup:
  - run: echo setup
steps:
  - id: named
    title: A heading
    upstream-note: It was wrong.
    text: Some prose.
    run: echo named
    timeout: 1m
    exit: 3
    expect: |
      named
    match: unordered
    show: command
  - block: Install#1
    as: commands
    lines: 1-2
    with: {DIR: /usr}
  - file: conf
    content: some text
  - file: log
    append: one more line
  - file: list
    replace: [{find: here, with: there}]
  - press: Enter
  - wait: {output: waited}
  - wait: {port: 80}
  - wait: {path: /there}
  - wait: {seconds: 2}
  - wait: {quiet: 3s}
  - run: ping two
    until: {lines: 4}
    then: C-d
  - run: server
    terminal: other
    background: true
    ready: {port: 81}
  - run: python3
    opens: {prompt: '>>> '}
  - closes: main
  - run: flaky
    retry: {times: 3, every: 2s}
  - run: ask
    dialog:
      - {expect: Name, send: me}
      - {expect: Word, send: {secret: WORD}, optional: true}
  - run: id -u
    capture: {uid: '[0-9]+'}
  - run: echo only
    when: {suite: bookworm, arch: riscv64}
  - include: more.yaml
cleanup:
  - run: echo cleanup
not-run:
  - {block: Other#1, why: a reason}
";

const README: &str = "
# A project

## Install

<!-- twin: {title: Build it} -->

```
$ ./configure --prefix=DIR
creating Makefile
$ make install
$ make clean
```

## Other

```
$ uname
```
";

const INCLUDED: &str = "- run: echo included\n";

/// A spec, the README, the included file.
#[derive(Clone)]
struct Texts([String; 3]);

impl Texts {
    fn base() -> Self {
        Self([SPEC, README, INCLUDED].map(str::to_owned))
    }

    /// With a change of the one text that has `from`, once.
    fn with(&self, from: &str, to: &str) -> Self {
        let places = self.0.iter().map(|text| text.matches(from).count());
        assert_eq!(places.sum::<usize>(), 1, "{from}");
        Self(self.0.clone().map(|text| text.replace(from, to)))
    }

    fn resolved(&self) -> Resolved {
        let [spec, readme, included] = &self.0;
        let file = |path: &str, text: &str| SourceFile {
            path: path.into(),
            text: text.to_owned(),
        };
        let include = |_: &std::path::Path| Ok(file("tutorials/more.yaml", included));
        let upstream = UpstreamFile {
            file: Arc::new(file("README.md", readme)),
            readme: Readme::parse(readme),
        };
        let sources = Sources {
            upstream: Some(&upstream),
            ..Sources::default()
        };
        let spec = Spec::parse("x", file("tutorials/x.yaml", spec), &include);
        spec.and_then(|spec| resolve(&spec, &sources))
            .unwrap_or_else(|wrong| panic!("{}", render_all(&wrong, Paint::Plain)))
    }

    /// As `record` would write it, read back.
    fn recorded(&self) -> Transcript {
        let Resolved { tutorial, lock } = self.resolved();
        let transcript =
            transcript_of(&tutorial, &run(&tutorial), &[], lock, &digest(&tutorial)).transcript;
        let file = SourceFile {
            path: "tutorials/x.transcript.yaml".into(),
            text: transcript.to_yaml().unwrap(),
        };
        let back = from_yaml(&Arc::new(file)).unwrap();
        assert_eq!(back, transcript);
        back
    }

    /// What is said of it when that was recorded.
    fn said(&self, recorded: &Transcript) -> Vec<String> {
        let tutorial = self.resolved().tutorial;
        let places = regex::Regex::new(r" \((tutorials|README)[^)]*\)").unwrap();
        match standing(&tutorial, Some(recorded), &digest(&tutorial)) {
            Verdict::Verified { .. } => Vec::new(),
            Verdict::Stale(Stale::Changed(words)) => words
                .iter()
                .map(|words| places.replace_all(words, "").into_owned())
                .collect(),
            other => panic!("{other:?}"),
        }
    }
}

/// Every command typed as it stands; what applies elsewhere alone is passed over.
fn run(tutorial: &Tutorial) -> Run {
    let ran = |step: &Step| {
        let texts: Vec<String> = match &step.action {
            Action::Run(run) if step.when.is_none() => {
                run.commands.iter().map(|it| it.text.clone()).collect()
            }
            _ => Vec::new(),
        };
        let command = |(nth, command): (usize, String)| CommandRun {
            command,
            exit: match step.exit {
                ExpectedExit::Code(code) if nth + 1 == texts.len() => Some(code),
                _ => Some(0),
            },
            ..CommandRun::default()
        };
        StepRun {
            id: step.id.clone(),
            ended: match step.when {
                None => Ended::Done,
                Some(_) => Ended::PassedOver,
            },
            commands: texts.iter().cloned().enumerate().map(command).collect(),
        }
    };
    Run {
        date: "2026-03-14".to_owned(),
        facts: Facts::default(),
        took: std::time::Duration::ZERO,
        steps: tutorial.steps.iter().map(ran).collect(),
    }
}

/// Key, what is changed into what, and what is then said; nothing: not stale.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

const FRESH: &[&str] = &[];

const ROWS: &[Row] = &[
    ("", "# A comment.", "# Another comment.", FRESH),
    (
        "",
        "{title: Build it}",
        "{title: Make it, text: Words.}",
        FRESH,
    ),
    ("", "creating Makefile", "making Makefile", FRESH),
    (".title", "A title", "Another title", FRESH),
    (".summary", "A summary", "Another summary", FRESH),
    (".upstream-note", "A note", "Another note", FRESH),
    (".timeout", "timeout: 10m", "timeout: 20m", FRESH),
    // The mappings themselves: their keys have rows of their own.
    (
        ".hosts",
        "  two:\n    programs: [git]\n",
        "  two:\n    programs: [git]\n  three: {}\n",
        &["the host `three` is new"],
    ),
    (
        ".network",
        "two: 192.0.2.2/24",
        "two: 192.0.2.3/24",
        &["host `two`: `network` is `192.0.2.3/24`, recorded was `192.0.2.2/24`"],
    ),
    (
        ".terminals",
        "  other: {",
        "  unused: {host: one}\n  other: {",
        FRESH,
    ),
    (
        ".limits",
        "limits: {memory: 1G, pids: 100, disk: 3G}\n",
        "",
        &[
            "`limits`: `disk: 3G` is gone",
            "`limits`: `memory: 1G` is gone",
            "`limits`: `pids: 100` is gone",
        ],
    ),
    (
        ".inputs",
        "  - {git: 'https://example.org/tree', commit: '2222222222222222222222222222222222222222', path: t}\n",
        "",
        &["the input `one:t` is gone"],
    ),
    (
        ".setup",
        "setup:\n",
        "setup:\n  - run: echo first\n",
        &["step `setup-1` is new: `echo first`"],
    ),
    (
        ".steps",
        "  - press: Enter\n",
        "  - run: echo new\n  - press: Enter\n",
        &["step `step-6` is new: `echo new`"],
    ),
    (
        ".steps",
        "  - press: Enter\n",
        "",
        &["step `step-6` is gone: `press: Enter`, `terminal: main`"],
    ),
    (
        ".steps",
        "  - run: flaky\n    retry: {times: 3, every: 2s}\n",
        "",
        &["step `step-16` is gone: `flaky`"],
    ),
    (
        ".cleanup",
        "  - run: echo cleanup\n",
        "  - run: echo cleanup\n  - press: C-c\n",
        &["step `cleanup-2` is new: `phase: cleanup`, `press: C-c`, `terminal: main`"],
    ),
    (
        ".not-run",
        "not-run:\n  - {block: Other#1, why: a reason}\n",
        "",
        FRESH,
    ),
    (
        "NotRunKeys.block",
        "{block: Other#1, why",
        "{block: 'Other#1', why",
        FRESH,
    ),
    (
        "NotRunKeys.rest",
        "{block: Other#1, why",
        "{rest: true, why",
        FRESH,
    ),
    (
        "NotRunKeys.why",
        "why: a reason",
        "why: another reason",
        FRESH,
    ),
    (
        ".upstream",
        "up\n  commit: 1",
        "other\n  commit: 1",
        &[
            "host `one`: `checkout` is `https://example.org/other`, recorded was `https://example.org/up`",
        ],
    ),
    (
        "UpstreamKeys.git",
        "https://example.org/up",
        "https://example.org/other",
        &[
            "host `one`: `checkout` is `https://example.org/other`, recorded was `https://example.org/up`",
        ],
    ),
    (
        "UpstreamKeys.github",
        "git: https://example.org/up",
        "github: example/up",
        &[
            "host `one`: `checkout` is `https://github.com/example/up`, recorded was `https://example.org/up`",
        ],
    ),
    (
        "UpstreamKeys.commit",
        "1111111111111111111111111111111111111111",
        "3333333333333333333333333333333333333333",
        &["upstream moved from commit 1111111 to 3333333"],
    ),
    (
        "UpstreamKeys.file",
        "file: README.md",
        "file: README",
        FRESH,
    ),
    (
        "UpstreamKeys.sha256",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc",
        FRESH,
    ),
    (
        "HostKeys.debian",
        "debian: trixie",
        "debian: sid",
        &["host `one`: `debian` is `sid`, recorded was `trixie`"],
    ),
    (
        "HostKeys.debian",
        "    debian: trixie\n",
        "",
        &["host `one`: `debian: trixie` is gone"],
    ),
    (
        "HostKeys.packages",
        "[make, gcc]",
        "[make, udhcpc]",
        &[
            "host `one`: the package `udhcpc` is new",
            "host `one`: the package `gcc` is gone",
        ],
    ),
    (
        "HostKeys.packages",
        "[make, gcc]",
        "[gcc, make]",
        &["host `one`: its packages stand in another order"],
    ),
    (
        "HostKeys.programs",
        "[git]",
        "[git, make]",
        &["host `two`: the program `make` is new"],
    ),
    (
        "HostKeys.needs",
        "[tun]",
        "[tun, fuse]",
        &["host `one`: the permission `fuse` is new"],
    ),
    (
        "HostKeys.needs",
        "    needs: [tun]\n",
        "",
        &["host `one`: the permission `tun` is gone"],
    ),
    (
        "HostKeys.names",
        "[one.example.org]",
        "[one.example.org, www]",
        &["host `one`: the name `www` is new"],
    ),
    (
        "HostKeys.user",
        "    user: root\n",
        "",
        &["host `one`: `user: root` is gone"],
    ),
    (
        "HostKeys.checkout",
        "    checkout: true\n",
        "",
        &["host `one`: `checkout: https://example.org/up` is gone"],
    ),
    (
        "TerminalKeys.host",
        "{host: two, title: the second}",
        "{host: one, title: the second}",
        &[
            "host `one`: the terminal `other` is new",
            "host `two`: the terminal `other` is gone",
        ],
    ),
    ("TerminalKeys.title", "the second", "another", FRESH),
    (
        "LimitsKeys.memory",
        "memory: 1G",
        "memory: 512M",
        &["`limits`: `memory` is `512M`, recorded was `1G`"],
    ),
    (
        "LimitsKeys.pids",
        "pids: 100",
        "pids: 200",
        &["`limits`: `pids` is `200`, recorded was `100`"],
    ),
    (
        "LimitsKeys.disk",
        "disk: 3G",
        "disk: 4G",
        &["`limits`: `disk: 3G` is gone"],
    ),
    (
        "InputKeys.url",
        "https://example.org/file",
        "https://example.org/other",
        &[
            "input `two:f`: `url` is `https://example.org/other`, recorded was `https://example.org/file`",
        ],
    ),
    (
        "InputKeys.sha256",
        "sha256: bbbb",
        "sha256: cccc",
        &[
            "input `two:f`: `sha256` is `ccccbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb`, recorded was `bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb`",
        ],
    ),
    (
        "InputKeys.git",
        "https://example.org/tree",
        "https://example.org/wood",
        &[
            "input `one:t`: `git` is `https://example.org/wood`, recorded was `https://example.org/tree`",
        ],
    ),
    (
        "InputKeys.commit",
        "'2222222222",
        "'4222222222",
        &[
            "input `one:t`: `commit` is `4222222222222222222222222222222222222222`, recorded was `2222222222222222222222222222222222222222`",
        ],
    ),
    (
        "InputKeys.path",
        "path: t}",
        "path: u}",
        &["the input `one:u` is new", "the input `one:t` is gone"],
    ),
    (
        "InputKeys.host",
        "path: f, host: two",
        "path: f, host: one",
        &["the input `one:f` is new", "the input `two:f` is gone"],
    ),
    ("StepKeys.id", "id: named", "id: other", FRESH),
    (
        "StepKeys.title",
        "title: A heading",
        "title: Another heading",
        FRESH,
    ),
    (
        "StepKeys.upstream-note",
        "upstream-note: It was wrong.",
        "upstream-note: It was right.",
        FRESH,
    ),
    ("StepKeys.text", "Some prose.", "Other prose.", FRESH),
    ("StepKeys.timeout", "timeout: 1m", "timeout: 2m", FRESH),
    (
        "StepKeys.expect",
        "      named\n",
        "      {{word}}\n",
        FRESH,
    ),
    ("StepKeys.match", "match: unordered", "match: none", FRESH),
    ("StepKeys.show", "show: command", "show: both", FRESH),
    (
        "StepKeys.exit",
        "exit: 3",
        "exit: any",
        &["step `named`: `exit` is `any`, recorded was `3`"],
    ),
    (
        "StepKeys.terminal",
        "    terminal: other\n",
        "",
        &[
            "step `step-13` moved from terminal `other` to `main`",
            "host `two`: the terminal `other` is gone",
        ],
    ),
    (
        "StepKeys.run",
        "echo named",
        "echo anew",
        &["step `named`: the command is `echo anew`, recorded was `echo named`"],
    ),
    (
        "StepKeys.run",
        "run: echo only",
        "run: echo alone",
        &["step `step-19`: `commands` has changed"],
    ),
    (
        "StepKeys.block",
        "block: Install#1\n    as: commands\n    lines: 1-2\n    with: {DIR: /usr}",
        "run: ./configure --prefix=/usr\n",
        &[
            "step `step-2`: the command `make install` is gone",
            "step `step-2`: `block: Install#1` is gone",
        ],
    ),
    (
        "StepKeys.block",
        "$ make install",
        "$ make -j install",
        &["step `step-2`: the command is `make -j install`, recorded was `make install`"],
    ),
    (
        "StepKeys.block",
        "## Install",
        "## Build\n\n## Install",
        FRESH,
    ),
    (
        "StepKeys.lines",
        "lines: 1-2",
        "lines: 1",
        &["step `step-2`: the command `make install` is gone"],
    ),
    (
        "StepKeys.with",
        "DIR: /usr",
        "DIR: /opt",
        &[
            "step `step-2`: the command is `./configure --prefix=/opt`, recorded was `./configure --prefix=/usr`",
        ],
    ),
    ("StepKeys.as", "    as: commands\n", "", FRESH),
    (
        "StepKeys.file",
        "file: conf",
        "file: other.conf",
        &["step `step-3`: `file` is `other.conf`, recorded was `conf`"],
    ),
    (
        "StepKeys.content",
        "some text",
        "other text",
        &["step `step-3`: `content` has changed"],
    ),
    (
        "StepKeys.append",
        "one more line",
        "another line",
        &["step `step-4`: `append` has changed"],
    ),
    (
        "StepKeys.replace",
        "file: list\n    replace: [{find: here, with: there}]",
        "file: list\n    content: here",
        &[
            "step `step-5`: `content` is new",
            "step `step-5`: `replace` is gone",
        ],
    ),
    (
        "ReplaceKeys.find",
        "find: here",
        "find: there",
        &["step `step-5`: `replace` has changed"],
    ),
    (
        "ReplaceKeys.with",
        "with: there",
        "with: elsewhere",
        &["step `step-5`: `replace` has changed"],
    ),
    (
        "StepKeys.press",
        "press: Enter",
        "press: Enter Up",
        &["step `step-6`: `press` is `Enter Up`, recorded was `Enter`"],
    ),
    (
        "StepKeys.wait",
        "wait: {port: 80}",
        "wait: exit",
        &["step `step-8`: `wait` is `the command's end`, recorded was `port 80`"],
    ),
    (
        "ConditionKeys.output",
        "output: waited",
        "output: arrived",
        &["step `step-7`: `wait` is `output /arrived/`, recorded was `output /waited/`"],
    ),
    (
        "ConditionKeys.port",
        "port: 80",
        "port: 8080",
        &["step `step-8`: `wait` is `port 8080`, recorded was `port 80`"],
    ),
    (
        "ConditionKeys.path",
        "path: /there",
        "path: /here",
        &["step `step-9`: `wait` is `the path /here`, recorded was `the path /there`"],
    ),
    (
        "ConditionKeys.seconds",
        "seconds: 2",
        "seconds: 3",
        &["step `step-10`: `wait` is `3 s to pass`, recorded was `2 s to pass`"],
    ),
    (
        "ConditionKeys.quiet",
        "quiet: 3s",
        "quiet: 4s",
        &["step `step-11`: `wait` is `4 s without output`, recorded was `3 s without output`"],
    ),
    (
        "ConditionKeys.lines",
        "lines: 4",
        "lines: 5",
        &["step `step-12`: `until` is `5 lines`, recorded was `4 lines`"],
    ),
    (
        "StepKeys.until",
        "    until: {lines: 4}\n    then: C-d\n",
        "",
        &[
            "step `step-12`: `then: C-d` is gone",
            "step `step-12`: `until: 4 lines` is gone",
        ],
    ),
    (
        "StepKeys.then",
        "    then: C-d\n",
        "",
        &["step `step-12`: `then: C-d` is gone"],
    ),
    (
        "StepKeys.background",
        "    background: true\n    ready: {port: 81}\n",
        "",
        &[
            "step `step-13`: `background: true` is gone",
            "step `step-13`: `ready: port 81` is gone",
        ],
    ),
    (
        "StepKeys.ready",
        "ready: {port: 81}",
        "ready: {path: /run/x}",
        &["step `step-13`: `ready` is `the path /run/x`, recorded was `port 81`"],
    ),
    (
        "StepKeys.opens",
        "opens: {prompt: '>>> '}",
        "opens: shell",
        &["step `step-14`: `opens` is `shell`, recorded was `prompt >>> `"],
    ),
    (
        "StepKeys.opens.prompt",
        "'>>> '",
        "'> '",
        &["step `step-14`: `opens` is `prompt > `, recorded was `prompt >>> `"],
    ),
    (
        "StepKeys.closes",
        "closes: main",
        "closes: other",
        &["step `step-15`: `closes` is `other`, recorded was `main`"],
    ),
    (
        "StepKeys.retry",
        "    retry: {times: 3, every: 2s}\n",
        "",
        &["step `step-16`: `retry: 3 times, every 2 s` is gone"],
    ),
    (
        "RetryKeys.times",
        "times: 3",
        "times: 4",
        &["step `step-16`: `retry` is `4 times, every 2 s`, recorded was `3 times, every 2 s`"],
    ),
    (
        "RetryKeys.every",
        "every: 2s",
        "every: 1s",
        &["step `step-16`: `retry` is `3 times, every 1 s`, recorded was `3 times, every 2 s`"],
    ),
    (
        "StepKeys.dialog",
        "      - {expect: Name, send: me}\n",
        "",
        &["step `step-17`: `dialog` has changed"],
    ),
    (
        "DialogKeys.expect",
        "expect: Name",
        "expect: name",
        &["step `step-17`: `dialog` has changed"],
    ),
    (
        "DialogKeys.send",
        "send: me",
        "send: you",
        &["step `step-17`: `dialog` has changed"],
    ),
    (
        "DialogKeys.send.secret",
        "secret: WORD",
        "secret: PASS",
        &["step `step-17`: `dialog` has changed"],
    ),
    (
        "DialogKeys.optional",
        ", optional: true",
        "",
        &["step `step-17`: `dialog` has changed"],
    ),
    (
        "StepKeys.capture",
        "[0-9]+",
        "[0-9]{4}",
        &["step `step-18`: `capture uid` is `[0-9]{4}`, recorded was `[0-9]+`"],
    ),
    (
        "StepKeys.when",
        "run: echo setup",
        "run: echo setup\n    when: {suite: sid}",
        &["step `setup-1`: `when suite: sid` is new"],
    ),
    (
        "StepKeys.when",
        "    when: {suite: bookworm, arch: riscv64}\n",
        "",
        &[
            "step `step-19`: `when arch: riscv64` is gone",
            "step `step-19`: `when suite: bookworm` is gone",
        ],
    ),
    (
        "WhenKeys.suite",
        "suite: bookworm",
        "suite: [bookworm, sid]",
        &["step `step-19`: `when suite` is `bookworm sid`, recorded was `bookworm`"],
    ),
    (
        "WhenKeys.arch",
        "arch: riscv64",
        "arch: aarch64",
        &["step `step-19`: `when arch` is `aarch64`, recorded was `riscv64`"],
    ),
    (
        "StepKeys.include",
        "include: more.yaml",
        "run: echo included",
        FRESH,
    ),
    (
        "StepKeys.include",
        "echo included",
        "echo excluded",
        &["step `step-20`: the command is `echo excluded`, recorded was `echo included`"],
    ),
];

#[test]
fn every_key_of_a_spec_makes_stale_or_does_not() {
    let base = Texts::base();
    let recorded = base.recorded();
    assert_eq!(base.said(&recorded), FRESH);
    let mut wrong = Vec::new();
    for (key, from, to, words) in ROWS {
        let said = base.with(from, to).said(&recorded);
        if said != *words {
            wrong.push(format!(
                "{key}: {from:?} to {to:?}\n  {}",
                said.join("\n  ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_key_of_a_spec_is_missing_in_the_table() {
    let schema: Value = serde_json::from_str(&tutorial::schema()).unwrap();
    let mut keys = BTreeSet::new();
    collect("", &schema, &mut keys);
    let rows: BTreeSet<String> = ROWS.iter().map(|row| row.0.to_owned()).collect();
    let missing: Vec<_> = keys.difference(&rows).collect();
    assert!(missing.is_empty(), "not in the table: {missing:?}");
}

/// Every key of every mapping: `StepKeys.run`, `StepKeys.opens.prompt`.
fn collect(name: &str, schema: &Value, keys: &mut BTreeSet<String>) {
    match schema {
        Value::Array(all) => all.iter().for_each(|one| collect(name, one, keys)),
        Value::Object(all) => {
            for (word, below) in all {
                let named = below.as_object().into_iter().flatten();
                match word.as_str() {
                    "properties" => named.for_each(|(key, below)| {
                        let key = format!("{name}.{key}");
                        collect(&key, below, keys);
                        keys.insert(key);
                    }),
                    "definitions" => named.for_each(|(name, below)| collect(name, below, keys)),
                    _ => collect(name, below, keys),
                }
            }
        }
        _ => {}
    }
}

/// A spec of these steps alone.
fn small(steps: &str) -> Texts {
    let spec = format!("title: A small one\nsteps:\n{steps}");
    Texts([spec, README.to_owned(), INCLUDED.to_owned()])
}

#[test]
fn a_step_that_is_gone_is_named_whatever_its_place() {
    let recorded = small("  - run: a\n  - run: b\n  - run: c\n").recorded();
    let said = |steps: &str| small(steps).said(&recorded);
    assert_eq!(
        said("  - run: a\n  - run: c\n"),
        ["step `step-2` is gone: `b`"]
    );
    assert_eq!(
        said("  - run: b\n  - run: c\n  - run: d\n"),
        ["step `step-3` is new: `d`", "step `step-1` is gone: `a`"]
    );
    assert_eq!(
        said("  - run: a\n  - press: C-c\n  - run: c\n"),
        [
            "step `step-2` is gone: `b`",
            "step `step-2` is new: `press: C-c`, `terminal: terminal`"
        ]
    );
}

#[test]
fn another_order_is_all_that_is_said_of_it() {
    let recorded = small("  - run: a\n  - run: b\n").recorded();
    let said = small("  - run: b\n  - run: a\n").said(&recorded);
    assert_eq!(said.len(), 1);
    assert!(
        said[0].starts_with("the steps stand in another order"),
        "{said:?}"
    );

    let hosts = |hosts: &str| {
        let Texts([spec, ..]) = small("  - run: a\n    terminal: t\n");
        let spec = format!("{spec}hosts: {hosts}\nterminals: {{t: {{host: one}}}}\n");
        Texts([spec, README.to_owned(), INCLUDED.to_owned()])
    };
    let recorded = hosts("{one: {}, two: {}}").recorded();
    assert_eq!(
        hosts("{two: {}, one: {}}").said(&recorded),
        ["the hosts stand in another order"]
    );
}

#[test]
fn a_transcript_that_does_not_say_what_it_was_made_of_is_stale_all_the_same() {
    let base = Texts::base();
    let mut recorded = base.recorded();
    recorded.ran = None;
    let said = base.with("[make, gcc]", "[make]").said(&recorded);
    assert_eq!(said.len(), 1);
    assert!(
        said[0].contains("packages or permissions are not"),
        "{said:?}"
    );
    assert_eq!(base.said(&recorded), FRESH);
}

#[test]
fn one_that_is_too_old_says_what_to_do() {
    let texts = small("  - run: a\n");
    let (tutorial, recorded) = (texts.resolved().tutorial, texts.recorded());
    let max_age = "180d".parse().unwrap();
    let standing = |today| {
        let verdict = standing(&tutorial, Some(&recorded), &digest(&tutorial));
        verdict.within(Some(&max_age), today)
    };
    assert!(matches!(standing("2026-09-10"), Verdict::Verified { .. }));
    let said = Verification {
        verdict: standing("2026-09-11"),
        transcript: Some(recorded.clone()),
        run: None,
        timings: None,
        tutorial: Arc::new(tutorial.clone()),
    };
    assert_eq!(
        report::verdict(&said, Paint::Plain),
        "stale x: recorded on 2026-03-14, older than max-age 180d
  = to see whether it still holds: mdbook-twin verify x
  = to renew its date: mdbook-twin record x
"
    );
}
