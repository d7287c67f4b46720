//! The guide says what the program does: what can be derived is compared, what can't be is at least mentioned.
#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use mdbook_twin::judge::derived::{RELATIONS, SUMS};
use mdbook_twin::judge::matcher::MATCHERS;

fn guide(page: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../src/guide")
        .join(page)
}

fn read(page: &str) -> String {
    std::fs::read_to_string(guide(page)).unwrap()
}

#[test]
fn the_table_of_matchers_is_the_program_s_own() {
    let mut table = String::from("| kind | matches | for example |\n| --- | --- | --- |\n");
    for kind in MATCHERS {
        let examples: Vec<String> = kind
            .examples
            .iter()
            .filter(|it| !it.is_empty())
            .map(|it| format!("`{it}`"))
            .collect();
        let doc = kind.doc.replace('|', "\\|");
        writeln!(
            table,
            "| `{}` | {doc} | {} |",
            kind.name,
            examples.join(", ")
        )
        .unwrap();
    }
    if std::env::var_os("TWIN_BLESS").is_some() {
        std::fs::write(guide("matchers.md"), &table).unwrap();
    }
    assert_eq!(
        read("matchers.md"),
        table,
        "TWIN_BLESS=1 cargo test --test guide rewrites src/guide/matchers.md"
    );
}

#[test]
fn every_relation_is_on_the_page_of_transcripts() {
    let page = read("transcripts.md");
    let relations = RELATIONS.iter().map(|it| (it.name, it.doc));
    for (name, doc) in relations.chain(SUMS.iter().map(|it| (it.name, it.doc))) {
        let row = format!("| `{name}` | {doc} |");
        assert!(
            page.contains(&row),
            "not in src/guide/transcripts.md: {row}"
        );
    }
}

#[test]
fn every_subcommand_is_on_the_page_of_the_command_line() {
    let help = Command::new(env!("CARGO_BIN_EXE_mdbook-twin"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| !line.is_empty())
        // Descriptions that are too long go on in the next line, further in.
        .filter_map(|line| {
            line.strip_prefix("  ")
                .filter(|rest| !rest.starts_with(' '))?
                .split_whitespace()
                .next()
        })
        .filter(|word| *word != "help")
        .collect();
    assert!(commands.contains(&"verify"), "{help}");
    let page = read("command-line.md");
    let missing: Vec<_> = commands
        .iter()
        .filter(|name| !page.contains(&format!("`{name}")))
        .collect();
    assert!(
        missing.is_empty(),
        "not in src/guide/command-line.md: {missing:?}"
    );
}

#[test]
fn every_key_of_a_step_is_on_the_page_of_the_spec() {
    let schema: serde_json::Value = serde_json::from_str(&mdbook_twin::tutorial::schema()).unwrap();
    let text = schema.to_string();
    assert!(text.contains("\"background\""), "{text}");
    let page = read("spec.md");
    let keys = [
        "id",
        "title",
        "text",
        "terminal",
        "timeout",
        "exit",
        "expect",
        "match",
        "opens",
        "background",
        "ready",
        "until",
        "then",
        "retry",
        "dialog",
        "capture",
        "lines",
        "with",
        "as",
        "show",
        "when",
        "run",
        "block",
        "file",
        "press",
        "wait",
        "closes",
        "include",
        "not-run",
        "setup",
        "cleanup",
        "hosts",
        "terminals",
    ];
    for key in keys {
        assert!(
            text.contains(&format!("\"{key}\"")),
            "{key} is no key of the schema"
        );
        assert!(
            page.contains(&format!("`{key}")) || page.contains(&format!("{key}:")),
            "{key} is not on the page"
        );
    }
}
