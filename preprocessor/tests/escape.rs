//! Whatever a terminal showed is text on the page: a real mdBook builds a book with it, and the HTML is parsed again.

#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mdbook_driver::MDBook;
use mdbook_preprocessor::book::Book;
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};
use mdbook_twin::judge::Verification;
use mdbook_twin::render::Pages;

/// Outputs that would be something else than text, were they not escaped.
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "</code></pre></span></div><img src=x onerror=alert(1)>",
    "{{#include ../secret.txt}} {{#tutorial x}} {{ path_to_root }}",
    "before\n\n\n# no heading\n\n    no code\n\n---\n\n- no list\n\n| no | table |\n|----|-------|\n",
    "[^1]: no footnote\n\n[ref]: https://example.org\n\n<div>\n\n**no bold** _no emphasis_ `no code` ~~no~~",
    "$$ x^2 $$ \\( y \\) $z$ \\\\[ a \\\\]",
    "--> <!-- no comment --> <![CDATA[ x ]]> <?php ?> &amp; &lt; &#60; &copy",
    "```\nno fence\n~~~\n",
    "  leading and trailing blanks  \n\ttab\there\n",
    "-- --- ... 'single' \"double\" no smart punctuation",
    "héllo wörld ❯ ▶ 日本語 العربية 👩‍👩‍👧 \u{fffd}",
    "<a href=\"javascript:alert(1)\">x</a> <style>*{display:none}</style> <i class=\"fa fa-x\"></i>",
    "<code class=\"language-rust\">fn main() {}</code>",
    ":warning: > [!NOTE]\n> no admonition",
];

/// What is shown in the place of what would act on the screen.
const SHOWN_OTHERWISE: &[(&str, &str)] = &[
    (
        "\u{1b}[31mred\u{1b}[0m \u{7}\u{8}\r\u{0}\u{7f}",
        "␛[31mred␛[0m ␇␈␍␀␡",
    ),
    ("\u{85}\u{9b}31m", "\u{fffd}\u{fffd}31m"),
    (
        "safe \u{202e}txt.exe\u{202c} \u{2066}x\u{2069}",
        "safe [U+202E]txt.exe[U+202C] [U+2066]x[U+2069]",
    ),
];

/// Puts a finished fragment into the chapter, as `book::make` does.
struct Insert(String);

impl Preprocessor for Insert {
    fn name(&self) -> &str {
        "insert"
    }

    fn run(
        &self,
        _: &PreprocessorContext,
        mut book: Book,
    ) -> mdbook_preprocessor::errors::Result<Book> {
        book.for_each_chapter_mut(|chapter| {
            chapter.content = chapter.content.replace("HERE", &self.0)
        });
        Ok(book)
    }
}

fn built(fragment: String) -> String {
    let root = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        fs::create_dir_all(root.path().join(path).parent().unwrap()).unwrap();
        fs::write(root.path().join(path), text).unwrap();
    };
    write(
        "book.toml",
        "[book]\ntitle = \"t\"\n[output.html]\nmathjax-support = true\n",
    );
    write("src/SUMMARY.md", "[A](a.md)\n");
    write("src/a.md", "# A\n\nHERE\n\nbehind it\n");
    let mut book = MDBook::load(root.path()).unwrap();
    book.with_preprocessor(Insert(fragment));
    book.build().unwrap();
    page(root.path())
}

/// The chapter's own part of the page, between mdBook's `<main>` tags.
fn page(root: &Path) -> String {
    let html = fs::read_to_string(root.join("book/a.html")).unwrap();
    let start = html.find("<main>").unwrap() + "<main>".len();
    html[start..html.find("</main>").unwrap()].to_owned()
}

fn fragment(of: &Verification) -> String {
    support::page(&Pages::new(&[]).unwrap(), of)
}

/// A reader of HTML of our own, small and strict: names of elements, and the text of all `<pre class="twin-screen">`.
#[derive(Default)]
struct Read {
    elements: BTreeMap<String, usize>,
    screen: String,
}

fn read(html: &str) -> Read {
    let mut read = Read::default();
    let mut rest = html;
    let mut in_screen = false;
    while let Some(open) = rest.find('<') {
        if in_screen {
            read.screen.push_str(&decoded(&rest[..open]));
        }
        let close = rest[open..].find('>').expect("a tag ends") + open;
        let tag = &rest[open + 1..close];
        let name = tag.split_whitespace().next().unwrap_or_default().to_owned();
        in_screen = match name.as_str() {
            "pre" => tag.contains("twin-screen"),
            "/pre" => false,
            _ => in_screen,
        };
        if !name.starts_with('/') {
            *read.elements.entry(name).or_default() += 1;
        }
        rest = &rest[close + 1..];
    }
    read
}

fn decoded(text: &str) -> String {
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'");
    text.replace("&amp;", "&")
}

#[test]
fn captured_text_is_text() {
    let calm = built(fragment(&of("calm", "calm\n", "calm")));
    let elements = read(&calm).elements;
    for (hostile, shown) in HOSTILE
        .iter()
        .map(|it| (*it, *it))
        .chain(SHOWN_OTHERWISE.iter().copied())
    {
        let html = built(fragment(&of(hostile, &format!("{hostile}\n"), hostile)));
        let read = read(&html);
        let without_spans = |elements: &BTreeMap<String, usize>| {
            let mut elements = elements.clone();
            // How many words a command has decides how many are coloured.
            elements.remove("span");
            elements
        };
        assert_eq!(
            without_spans(&read.elements),
            without_spans(&elements),
            "{hostile}\n{html}"
        );
        // The shell's prompt stands before each further line of a command.
        let expected = format!("$ {}\n{shown}\n", shown.replace('\n', "\n> "));
        assert_eq!(read.screen, expected, "{html}");
    }
}

/// A tutorial whose title, command, output, reasons and README all hold `text`.
fn of(command: &str, output: &str, words: &str) -> Verification {
    let mut step = support::typed("one", command);
    step.title = Some(words.to_owned());
    if let mdbook_twin::tutorial::Action::Run(run) = &mut step.action {
        run.commands[0].documented = vec![format!("{words} documented")];
    }
    step.block = support::block(words, 3);
    let mut tutorial = support::tutorial("x", vec![step]);
    words.clone_into(&mut tutorial.title);
    words.clone_into(&mut tutorial.terminals[0].title);
    tutorial.not_run = vec![mdbook_twin::tutorial::NotRun {
        block: Some(words.to_owned()),
        commands: vec![mdbook_twin::tutorial::UpstreamCommand {
            line: 7,
            text: words.to_owned(),
        }],
        why: words.to_owned(),
    }];
    support::verified(tutorial, |_, _| output.to_owned())
}
