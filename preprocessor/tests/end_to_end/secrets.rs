//! A secret is in nothing that a run leaves behind, whatever the tutorial does with it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on should say where"
)]

use std::path::Path;
use std::process::Output;

use crate::world::{Answer, World, program};

const VARIABLE: &str = "TWIN_TEST_PASSWORD";
/// With what HTML, JSON, YAML and regular expressions would write otherwise, and a blank at which a line may be cut.
const SECRET: &str = "s3cr<&\"'>(ho*rse) {{x}}\\battery";

/// It is echoed, doubled, coloured, folded, wrapped at the terminal's edge, put into a title, captured, typed elsewhere,
/// written to files, quoted by a retry, and printed by a daemon when its step is long over.
const LEAKY: &str = r#"title: Leaky
terminals: {main: {}, other: {}}
steps:
  - id: ask
    run: |
      read -r -s -p 'Password: ' p; echo; echo "it is $p."
    dialog: [{expect: 'Password:', send: {secret: TWIN_TEST_PASSWORD}}]
    capture: {it: 'it is (.*)\.$'}
  - id: show
    run: |
      echo "$p$p and $p"
      printf '\033[31m%s\033[1m%s\033[m\n' "${p:0:5}" "${p:5}"
      printf '%s\n' "$p" | fold -w 3
      printf '%74s%s\n' '' "$p"
      printf '\033]0;%s\007titled\n' "$p"
      printf '%s\n' "$p" > kept
  - id: environment
    run: |
      ! cat /proc/[0-9]*/environ 2>&1 | grep -a TWIN_TEST_
  - id: echoed
    run: |
      read -r -p 'Again: ' p; echo
    dialog: [{expect: 'Again:', send: {secret: TWIN_TEST_PASSWORD}}]
  - id: typed
    terminal: other
    run: |
      cat <<'END'
      {{=it}}
      END
  - file: note
    content: "{{=it}}\n"
  - run: cat note
  - id: tried
    run: cat note; ls done 2>&1 || ! touch done
    retry: {times: 3, every: 100ms}
  - id: screen
    run: printf '\033[?1049h\033[3;70H%s' "$p"; read -s -n 1; printf '\033[?1049l'
    background: true
    ready: {output: battery}
  - press: x
  - id: daemon
    terminal: other
    run: mkfifo go; read line <go; cat note; sleep 1000
    background: true
    ready: {path: go}
  - run: echo >go
  - id: seen
    terminal: other
    wait: {output: battery}
"#;

/// Each ends the tutorial with a message that quotes the secret.
const FAILURES: [&str; 4] = [
    "  - run: cat note; false\n",
    "  - file: note\n    replace: [{find: '{{=it}} nowhere', with: ''}]\n",
    "  - run: |\n      read -r -p \"$(cat note)? \" unanswered\n    timeout: 1s\n",
    "  - run: cat note\n    expect: something else\n",
];

fn twin(world: &World, arguments: &[&str]) -> (Output, i32) {
    let mut command = world.command(program());
    let output = command
        .args(arguments)
        .env(VARIABLE, SECRET)
        .output()
        .unwrap();
    let code = output.status.code().unwrap();
    (output, code)
}

/// Runs it, and looks for the secret in what it says and in all that is there afterwards.
fn run(world: &World, arguments: &[&str], expected: i32) {
    let (output, code) = twin(world, arguments);
    let answer = Answer::of(output);
    let said = format!("{}{}", answer.stdout, answer.stderr);
    assert_eq!(code, expected, "{arguments:?}\n{said}");
    assert!(!shows(&said), "{arguments:?} says it:\n{said}");
    assert!(
        said.contains("leaky"),
        "{arguments:?} is about something else:\n{said}"
    );
    for folder in ["book", "cache"] {
        let leaks = leaks(&world.path(folder));
        assert!(leaks.is_empty(), "{arguments:?}: it is in {leaks:?}");
    }
}

/// Whether a text shows the secret: as it is, in what HTML and JSON write for it, across lines and within markup.
fn shows(text: &str) -> bool {
    let markup = regex::Regex::new(r"</?[a-z][^<>]*>").unwrap();
    let bare = |text: &str| -> String {
        let mut text = text.replace("\\\\", "\\").replace("\\\"", "\"");
        for (entity, c) in [
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&quot;", "\""),
            ("&#x27;", "'"),
            ("&#39;", "'"),
            ("&amp;", "&"),
        ] {
            text = text.replace(entity, c);
        }
        text.chars().filter(|c| !c.is_whitespace()).collect()
    };
    // Not only the whole: a part of it in the place of all would be a hole too.
    let parts = [bare(SECRET), "s3cr".to_owned(), "}\\batt".to_owned()];
    let texts = [bare(text), bare(&markup.replace_all(text, ""))];
    let mut texts = texts.iter();
    texts.any(|text| parts.iter().any(|part| text.contains(part)))
}

/// The files below a folder that show the secret.
fn leaks(folder: &Path) -> Vec<String> {
    let mut leaks = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            leaks.extend(self::leaks(&path));
        } else if shows(&String::from_utf8_lossy(&std::fs::read(&path).unwrap())) {
            leaks.push(path.display().to_string());
        }
    }
    leaks
}

#[test]
fn a_secret_is_in_nothing_that_is_left_behind() {
    for text in [SECRET, "<b>s3</b>cr", "&#x7d;}\\batt", "x s3\n   cr"] {
        assert!(shows(text), "{text} is not recognised");
    }
    let world = World::new();
    world.tutorial("leaky", LEAKY);
    run(&world, &["record", "leaky"], 0);
    let transcript = world.read("book/tutorials/leaky.transcript.yaml");
    assert!(transcript.contains("it is ••••••."), "{transcript}");
    run(&world, &["verify", "leaky"], 0);
    run(&world, &["build", "--execute", "always"], 0);
    assert!(
        world
            .read("book/book/chapter.html")
            .contains("it is ••••••.")
    );
    let report = format!("json={}", world.path("book/report.json").display());
    for failure in FAILURES {
        world.tutorial("leaky", &format!("{LEAKY}{failure}"));
        run(&world, &["verify", "leaky", "--report", &report], 1);
        assert!(world.read("book/report.json").contains("••••••"));
        run(&world, &["review", "leaky"], 1);
        run(&world, &["record", "leaky"], 1);
        assert!(world.path("cache/failed/leaky.run.json").exists());
        let (_, code) = twin(&world, &["build", "--execute", "always"]);
        assert_ne!(code, 0, "{failure}");
        run(&world, &["doctor"], 0);
    }
}

#[test]
fn a_secret_that_is_not_set_or_can_not_be_masked_is_a_skip() {
    let world = World::new();
    world.tutorial("leaky", LEAKY);
    let with = |value: Option<&str>| {
        let mut command = world.command(program());
        command.args(["record", "leaky"]).env_remove(VARIABLE);
        if let Some(value) = value {
            command.env(VARIABLE, value);
        }
        Answer::of(command.output().unwrap()).expect(3)
    };
    with(None).says(&[
        "the secret TWIN_TEST_PASSWORD",
        "set the environment variable",
    ]);
    let short = with(Some("pw")).says(&["fewer than four characters", "could not be masked"]);
    assert!(!short.stderr.contains("pw"), "{}", short.stderr);
    with(Some("bell\u{7}bell")).says(&["control characters"]);
}
