//! READMEs of our own wording and what is to be found in them: one folder per claim.
//!
//! A case is `README.md` and `blocks.json`, what `mdbook-twin extract --json` prints. `TWIN_BLESS=1` rewrites the
//! latter; read the difference like code.

use std::path::{Path, PathBuf};

use mdbook_twin::readme::{self, Kind, Readme};

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/extract");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the cases")
        .map(|e| e.expect("an entry").path())
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "no case at all");
    cases
}

fn texts() -> Vec<(String, String)> {
    let name = |case: &Path| {
        case.file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned()
    };
    let text = |case: &Path| std::fs::read_to_string(case.join("README.md")).expect("README.md");
    cases()
        .iter()
        .map(|case| (name(case), text(case)))
        .collect()
}

#[test]
fn cases_give_their_blocks() {
    let bless = std::env::var_os("TWIN_BLESS").is_some();
    let mut wrong = Vec::new();
    for case in cases() {
        for entry in std::fs::read_dir(&case).expect("a folder") {
            let file = entry.expect("an entry").file_name();
            assert!(
                file == "README.md" || file == "blocks.json",
                "{}: unknown file {file:?}",
                case.display()
            );
        }
        let text = std::fs::read_to_string(case.join("README.md")).expect("README.md");
        let readme = Readme::parse(&text);
        let found =
            serde_json::to_string_pretty(&readme::extract_json(&readme)).expect("JSON") + "\n";
        let expected = case.join("blocks.json");
        if bless {
            std::fs::write(&expected, &found).expect("blocks.json written");
        }
        let expected = std::fs::read_to_string(expected).expect("blocks.json");
        if found != expected {
            let diff = similar::TextDiff::from_lines(&expected, &found);
            wrong.push(format!(
                "{}\n{}",
                case.display(),
                diff.unified_diff().context_radius(3)
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "- expected, + found\n{}",
        wrong.join("\n")
    );
}

/// What must hold for any text: every block is found by its address, lines are in the file and in order.
fn holds(text: &str) {
    let readme = Readme::parse(text);
    let lines = text.lines().count().max(1);
    let mut seen = std::collections::HashSet::new();
    for block in &readme.blocks {
        assert!(
            seen.insert(block.address.clone()),
            "{} twice in {text:?}",
            block.address
        );
        let again = block.address.to_string().parse().expect("an address");
        let found = readme.block(&again).expect("the block of its own address");
        assert_eq!(found.line, block.line, "{} in {text:?}", block.address);
        assert!(
            block.line <= block.end_line && block.end_line <= lines + 1,
            "{block:?} in {text:?}"
        );
        if let Kind::Commands(exchanges) = &block.kind {
            assert!(!exchanges.is_empty());
            assert!(exchanges.windows(2).all(|w| w[0].line < w[1].line));
        }
        for exchange in block.commands().iter().chain(&block.as_commands()) {
            assert!(
                block.line <= exchange.line && exchange.line <= block.end_line,
                "{exchange:?} in {text:?}"
            );
            assert!(
                !exchange.command.trim().is_empty(),
                "{exchange:?} in {text:?}"
            );
        }
    }
    let _ = readme::extract_text(&readme);
}

#[test]
fn every_beginning_of_every_case_holds() {
    for (_, text) in texts() {
        for end in (0..=text.len()).filter(|&end| text.is_char_boundary(end)) {
            holds(&text[..end]);
        }
    }
}

#[test]
fn every_tail_of_every_case_holds() {
    for (_, text) in texts() {
        for start in (0..=text.len())
            .step_by(7)
            .filter(|&start| text.is_char_boundary(start))
        {
            holds(&text[start..]);
        }
    }
}

/// A small generator of its own: the same texts in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % sides
    }
}

#[test]
fn random_texts_hold() {
    let pieces = [
        "```",
        "~~~",
        "\n",
        "\n",
        "\n",
        "# ",
        "## ",
        "$ ",
        "> ",
        "    ",
        "\\",
        "'",
        "\"",
        "`",
        "<<EOF",
        "EOF",
        "| ",
        "do",
        "done",
        "{",
        "}",
        "(",
        ")",
        "é",
        "❯ ",
        "➜  ",
        "user@host:~$ ",
        "[a@b c]# ",
        "/ # ",
        "PS C:\\>",
        "make",
        " ls -l",
        "<!-- twin: {",
        "-->",
        "\r\n",
        "\t",
        "* ",
        "1. ",
        ">>> ",
        "A",
        "A > B",
        "#1",
        "\u{0}",
        "\u{feff}",
        "...",
        "^C",
        "In [",
        "(gdb) ",
        "&&",
        ";",
        "$",
        "%",
        "---\n",
        "title: x\n",
        "case x in",
        "esac",
        "if",
        "fi",
        "[options]",
        "<name>",
    ];
    let mut dice = Dice(7);
    for _ in 0..4000 {
        let text: String = (0..dice.roll(40))
            .map(|_| pieces[dice.roll(pieces.len())])
            .collect();
        holds(&text);
    }
    for _ in 0..1000 {
        let bytes: Vec<u8> = (0..dice.roll(200)).map(|_| dice.roll(256) as u8).collect();
        holds(&String::from_utf8_lossy(&bytes));
    }
}

/// The two READMEs that the project began with. They are not ours to copy: without the folder beside the
/// repository this says that it did nothing.
#[test]
fn the_first_two_readmes() {
    let shared = std::env::var_os("TWIN_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        PathBuf::from,
    );
    let figures = [
        (
            "sshlirp/f80dde2ca90cdd071bb545091677759cc7a05dda",
            (5, 12, 0),
        ),
        (
            "vdelxc/2b5110267e7c95581042a0bf6b0bd537e422cc0a",
            (10, 19, 3),
        ),
    ];
    for (place, expected) in figures {
        let file = shared
            .join("upstream/virtualsquare")
            .join(place)
            .join("README.md");
        let Ok(text) = std::fs::read_to_string(&file) else {
            eprintln!("skipped: {} is not here", file.display());
            continue;
        };
        let readme = Readme::parse(&text);
        let commands = readme
            .blocks
            .iter()
            .filter(|b| !b.commands().is_empty())
            .count();
        assert_eq!(
            (
                commands,
                readme.command_count(),
                readme.blocks.len() - commands
            ),
            expected,
            "{place}"
        );
        if place.starts_with("vdelxc") {
            let block = readme
                .block(&"Tutorial example#10".parse().expect("an address"))
                .expect("the block");
            let exchanges = block.commands();
            assert!(
                exchanges
                    .iter()
                    .all(|e| e.depth == 1 && e.prompt.as_deref() == Some("/ #"))
            );
            assert_eq!(
                exchanges.iter().map(|e| e.output.len()).collect::<Vec<_>>(),
                [2, 0, 4]
            );
        }
    }
}

fn told(block: &str) -> Vec<(Option<String>, String)> {
    let readme = Readme::parse(&format!("```\n{block}\n```\n"));
    let exchanges = readme.blocks[0].as_commands();
    exchanges
        .into_iter()
        .map(|e| (e.prompt, e.command))
        .collect()
}

/// `as: commands` in a spec overrules the lexer.
#[test]
fn told_that_they_are_commands() {
    let typed = |prompt: &str, command: &str| (Some(prompt.to_owned()), command.to_owned());
    let bare = |command: &str| (None, command.to_owned());
    assert_eq!(
        told("thing something\n\n# a comment\nother \\\n  more"),
        [bare("thing something"), bare("other \\\n  more")]
    );
    assert_eq!(
        told("mysql> select 1;\n1\nmysql> \\q"),
        [typed("mysql>", "select 1;"), typed("mysql>", "\\q")]
    );
    assert_eq!(
        told(">>> import x\n>>> x.y\n1"),
        [typed(">>>", "import x"), typed(">>>", "x.y")]
    );
    assert_eq!(
        told("# thing alone\n# other"),
        [typed("#", "thing alone"), typed("#", "other")]
    );
    assert_eq!(
        told("$ make"),
        [typed("$", "make")],
        "what the lexer found already"
    );
}

#[test]
fn what_a_person_reads_controls_no_terminal() {
    let readme = "# A \u{1b}]0;x\u{7}\n\n```console\n$ echo \u{1b}[2J\u{9b}31m\u{202e}x\n```\n\n    \u{1b}[8m text\n";
    let text = readme::extract_text(&Readme::parse(readme));
    let acts = |c: char| c != '\n' && c.is_control() || c == '\u{202e}';
    assert!(!text.contains(acts), "{text:?}");
    assert!(text.contains(r"echo \u{1b}[2J\u{9b}31m\u{202e}x"), "{text}");
}
