//! Directives → pages, or messages. A case is a folder: `chapter.md`, `book.toml` and `renderer` where they matter, and what comes of it:
//! `page.md`, or `stderr.txt` where no book is made. The tutorials are made by hand (`first` with the steps a, b, c;
//! `second`, skipped; `third`, failed); pages are the plain ones, which are short. TWIN_BLESS=1 writes the expectations.

#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mdbook_preprocessor::PreprocessorContext;
use mdbook_preprocessor::book::{Book, BookItem, Chapter};
use mdbook_preprocessor::config::Config;
use mdbook_twin::book::{ASSETS, Tutorials, assets_version, make};
use mdbook_twin::judge::verdict::{FailedStep, Why};
use mdbook_twin::judge::{Missing, Verdict, Verification};
use mdbook_twin::outcome::Failure;
use mdbook_twin::verify::{Answer, How};

struct ByHand;

impl Tutorials for ByHand {
    fn names(&self) -> Vec<String> {
        ["first", "second", "third"].map(str::to_owned).into()
    }

    fn verify(&self, names: &[String], _: &How<'_>) -> Vec<Answer> {
        names
            .iter()
            .map(|name| Answer {
                name: name.clone(),
                result: Ok(verification(name)),
            })
            .collect()
    }
}

fn verification(name: &str) -> Verification {
    let steps = ["a", "b", "c"].map(|id| support::typed(id, &format!("echo {id}")));
    let tutorial = support::tutorial(name, steps.into());
    let mut verification = support::verified(tutorial, |step, _| format!("{step}\n"));
    match name {
        "second" => {
            verification.verdict = Verdict::Skipped(vec![Missing {
                what: "the program crun".to_owned(),
                remedy: "sudo apt-get install crun".to_owned(),
            }]);
        }
        "third" => {
            let why = Why::CouldNotGoOn(Failure::Exit {
                command: 0,
                got: 1,
                wanted: 0,
            });
            verification.verdict = Verdict::Failed(Box::new(FailedStep {
                step: 1,
                command: 0,
                why,
                besides: None,
                more: Vec::new(),
            }));
        }
        _ => {}
    }
    Verification {
        tutorial: Arc::clone(&verification.tutorial),
        ..verification
    }
}

/// What comes of a case: the name of the file that says so, and its text.
fn outcome(case: &Path) -> (&'static str, String) {
    let config = fs::read_to_string(case.join("book.toml")).unwrap_or_default();
    let mut config: Config = config.parse().unwrap();
    config.book.src = PathBuf::new();
    let renderer = fs::read_to_string(case.join("renderer")).unwrap_or("markdown".to_owned());
    let context = PreprocessorContext::new(case.to_owned(), config, renderer);
    let written = fs::read_to_string(case.join("chapter.md")).unwrap();
    // As mdBook's own preprocessor `links` hands it on.
    let content = written.replace("\\{{#", "{{#");
    let mut book = Book::new();
    book.push_item(Chapter::new("Chapter", content, "chapter.md", Vec::new()));
    match make(&context, book, &ByHand) {
        Err(error) => ("stderr.txt", format!("{error}\n")),
        Ok(made) => match &made.book.items[0] {
            BookItem::Chapter(chapter) => ("page.md", chapter.content.clone()),
            other => panic!("{other:?}"),
        },
    }
}

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/book");
    let mut cases: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "no case in {}", folder.display());
    let mut wrong = Vec::new();
    for case in cases {
        wrong.extend(check(&case));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn check(case: &Path) -> Vec<String> {
    let (file, came) = outcome(case);
    let path = case.join(file);
    if std::env::var_os("TWIN_BLESS").is_some() {
        fs::write(&path, &came).unwrap();
    }
    let mut wrong = Vec::new();
    let expected = fs::read_to_string(&path).unwrap_or_default();
    if expected != came {
        wrong.push(format!(
            "{}\n--- expected\n{expected}\n--- came\n{came}",
            path.display()
        ));
    }
    for entry in fs::read_dir(case).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !["chapter.md", "book.toml", "renderer", file].contains(&name.as_str()) {
            wrong.push(format!(
                "{}: a file that is not looked at: {name}",
                case.display()
            ));
        }
    }
    wrong
}

#[test]
fn a_book_without_tutorials_is_handed_back_as_it_came() {
    let context = PreprocessorContext::new(
        PathBuf::from("/nowhere"),
        Config::default(),
        "html".to_owned(),
    );
    let mut book = Book::new();
    book.push_item(Chapter::new(
        "A",
        "# A\n\n{{ #x }}\n".to_owned(),
        "a.md",
        Vec::new(),
    ));
    let made = make(&context, book.clone(), &ByHand).unwrap();
    assert_eq!((made.book, made.messages), (book, String::new()));
}

/// Our own book is a book like any other: what `init` would write is what lies in it.
#[test]
fn our_own_book_has_what_init_writes() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let Ok(book) = fs::read_to_string(repository.join("book.toml")) else {
        // A package from a registry has no book beside it.
        eprintln!("skipped: no book.toml beside the crate");
        return;
    };
    assert!(
        book.contains(&assets_version()),
        "the assets are old: mdbook-twin init"
    );
    for asset in ASSETS {
        assert_eq!(
            fs::read_to_string(repository.join(asset.path)).unwrap(),
            asset.text,
            "{}",
            asset.path
        );
        assert!(book.contains(asset.path), "{}", asset.path);
    }
}
