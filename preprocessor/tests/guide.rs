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

/// The values of one attribute, in an HTML page. In text a quote is `&quot;`, so none is found there.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    page.split(&format!(" {name}=\""))
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[test]
fn every_link_of_the_book_leads_somewhere() {
    let book = tempfile::tempdir().unwrap();
    let built = Command::new(env!("CARGO_BIN_EXE_mdbook-twin"))
        .args(["--quiet", "--root"])
        .arg(guide("../.."))
        .args(["build", "--execute", "never", "--dest-dir"])
        .arg(book.path())
        .output()
        .unwrap();
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );

    let mut pages = std::collections::BTreeMap::new();
    for folder in ["", "guide", "tutorials"] {
        for entry in std::fs::read_dir(book.path().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            // The frame of the sidebar is written for the book's root, wherever it is shown.
            if path.extension().is_some_and(|it| it == "html") && !path.ends_with("toc.html") {
                let page = std::fs::read_to_string(&path).unwrap();
                pages.insert(path.canonicalize().unwrap(), page);
            }
        }
    }
    assert!(pages.len() > 30, "{:?}", pages.keys());
    let mut broken = Vec::new();
    for (at, page) in &pages {
        for link in attributes(page, "href") {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            // Other sites are not asked; on the page of a missing page all is relative to the site.
            if file.contains(':') || file == "/" {
                continue;
            }
            let target = if file.is_empty() {
                Ok(at.clone())
            } else {
                at.parent().unwrap().join(file).canonicalize()
            };
            let there = target.is_ok_and(|target| {
                anchor.is_empty()
                    || pages
                        .get(&target)
                        .is_some_and(|page| attributes(page, "id").contains(&anchor))
            });
            if !there {
                broken.push(format!("{}: {link}", at.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
