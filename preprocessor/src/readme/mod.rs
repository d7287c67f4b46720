//! A README as a tutorial sees it: blocks, and in them prompts, commands and output.
//!
//! [`Readme::parse`] is the whole of it: pure, never fails, takes about as long as the markdown parser alone.
//! It goes from what is sure to what is likely:
//!
//! - `markdown` finds the code blocks, the headings above them, and the annotations before them;
//! - `prompt` knows what prompts look like, `transcript` reads the blocks that have some;
//! - `look` tells whether a line without a prompt is a command (by `programs`, `words`, `prose` and `holes`), `bare` reads
//!   the blocks where each line is one;
//! - `command` knows where a command ends, `shells` how deep it was typed;
//! - `address` names the blocks, `json` prints them.
//!
//! One rule is above all others: nothing but a command is ever taken for a command. What is in doubt is
//! [`Kind::Text`], and the spec may say `as: commands`.

mod address;
mod bare;
mod command;
mod fence;
mod holes;
mod json;
mod look;
mod markdown;
mod programs;
mod prompt;
mod prose;
mod shells;
mod transcript;
mod words;

pub use address::{AddressError, BlockAddress, LookupError};
pub use command::Reader;
pub use json::{ExtractedBlock, extract_json, extract_text};
pub use markdown::Heading;

use fence::Fence;
use look::Names;
use markdown::{Page, RawBlock};
use shells::Shells;
use transcript::{Item, Trust};

/// A parsed README.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readme {
    /// The text of its first heading.
    pub title: Option<String>,
    /// All code blocks, in order.
    pub blocks: Vec<Block>,
    /// All headings, in order.
    pub headings: Vec<Heading>,
    /// Annotations that stand before no block: a mistake of the README's authors.
    pub stray_annotations: Vec<Annotation>,
}

/// A code block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its name: no other block of the README has it.
    pub address: BlockAddress,
    /// The heading above it as it is written; empty before the first.
    pub heading: String,
    /// What is in it.
    pub kind: Kind,
    /// 1-based: the opening fence, or the first indented line.
    pub line: usize,
    /// The closing fence, or the last line.
    pub end_line: usize,
    /// What stands behind the fence.
    pub info: String,
    /// What the README says about it for us.
    pub annotation: Option<Annotation>,
    /// How many nested shells are open where it begins.
    pub start_depth: usize,
    /// How many are open where it ends.
    pub end_depth: usize,
    /// The line of the file that its first line of content is.
    first: usize,
    /// Its content, where `kind` does not hold it.
    source: String,
}

/// What a block holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A shell session: at least one command.
    Commands(Vec<Exchange>),
    /// Anything else: a file, output alone, a synopsis, or what is in doubt.
    Text(String),
}

/// A command with its prompt and its documented output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// 1-based, in the file.
    pub line: usize,
    /// As it is shown, without the space behind it.
    pub prompt: Option<String>,
    /// What is typed. Continuation lines are lines, without their prompts.
    pub command: String,
    /// What the README shows as its output, without blank lines around it.
    pub output: Vec<String>,
    /// How many nested shells deep it was typed.
    pub depth: usize,
    /// The prompts after it show that it opened a nested shell.
    pub opens: bool,
}

/// `<!-- twin: {…} -->` before a block. What the text means is the business of who reads specs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// Where its text begins, 1-based, in the file.
    pub line: usize,
    /// In characters, 1-based.
    pub column: usize,
    /// The text between `twin:` and `-->`.
    pub yaml: String,
}

impl Readme {
    /// Reads a README. Whatever the text, there is a result.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let page = markdown::page(text);
        let items = lex(text, &page);
        let under: Vec<Option<usize>> = page.blocks.iter().map(|b| b.heading).collect();
        let addresses = address::addresses(&page.headings, &under);
        let mut shells = Shells::default();
        let blocks =
            page.blocks
                .into_iter()
                .zip(items)
                .zip(addresses)
                .map(|((raw, items), address)| {
                    let heading = raw
                        .heading
                        .map_or(String::new(), |at| page.headings[at].text.clone());
                    block(raw, items, address, heading, &mut shells)
                });
        Self {
            blocks: blocks.collect(),
            title: page.headings.first().map(|h| h.text.clone()),
            headings: page.headings,
            stray_annotations: page.stray,
        }
    }

    /// The block of that name.
    ///
    /// # Errors
    /// [`LookupError`] says which names are near, or between which to choose.
    pub fn block(&self, address: &BlockAddress) -> Result<&Block, LookupError> {
        address::lookup(self, address)
    }

    /// The commands of all blocks.
    #[must_use]
    pub fn command_count(&self) -> usize {
        self.blocks.iter().map(|b| b.commands().len()).sum()
    }
}

impl Block {
    /// The commands that the lexer found: none in a text block.
    #[must_use]
    pub fn commands(&self) -> &[Exchange] {
        match &self.kind {
            Kind::Commands(exchanges) => exchanges,
            Kind::Text(_) => &[],
        }
    }

    /// The commands when the spec says that the block holds commands: any prompt counts, also of a program that
    /// is no shell; without prompts each line is a command, but comments.
    #[must_use]
    pub fn as_commands(&self) -> Vec<Exchange> {
        if let Kind::Commands(exchanges) = &self.kind {
            return exchanges.clone();
        }
        let told = transcript::read(
            self.source(),
            Fence::Shell,
            &Names::default(),
            true,
            Trust::Told,
        );
        let items = told.unwrap_or_else(|| bare::told(self.source()));
        exchanges(items, self.first, self.start_depth)
    }

    /// The content of the block, without fences and without the indentation of what it stands in.
    #[must_use]
    pub fn source(&self) -> &str {
        match &self.kind {
            Kind::Text(text) => text,
            Kind::Commands(_) => &self.source,
        }
    }
}

/// The items of each block; `None` for text.
///
/// First those with prompts: they make names of programs known, by which the others are judged.
fn lex(text: &str, page: &Page<'_>) -> Vec<Option<Vec<Item>>> {
    let mut names = Names::of(&page.mentioned);
    let mut root = false;
    let mut all: Vec<Option<Vec<Item>>> = Vec::with_capacity(page.blocks.len());
    for raw in &page.blocks {
        let items = transcript::read(
            &raw.source,
            Fence::of(&raw.info),
            &names,
            root,
            Trust::Careful,
        );
        if let Some(items) = &items {
            names.learn(items);
            root = ends_as_root(items);
        }
        all.push(items);
    }
    let others = page
        .blocks
        .iter()
        .zip(&mut all)
        .filter(|(_, items)| items.is_none());
    for (raw, items) in others {
        let introduction = raw.introduction.clone().map_or("", |range| &text[range]);
        *items = bare::read(&raw.source, Fence::of(&raw.info), introduction, &names);
    }
    all
}

fn ends_as_root(items: &[Item]) -> bool {
    items
        .last()
        .is_some_and(|i| i.opener || i.prompt.as_deref().is_some_and(|p| p.ends_with('#')))
}

impl Names<'_> {
    fn learn(&mut self, items: &[Item]) {
        for command in items.iter().filter_map(|i| i.command.as_deref()) {
            let program = command
                .split_whitespace()
                .find(|w| *w != "sudo" && !w.starts_with('-'));
            let new = |p: &&str| !self.typed.contains(*p) && words::is_program_name(p);
            if let Some(program) = program.filter(new) {
                self.typed.insert(program.to_owned());
            }
        }
    }
}

fn block(
    raw: RawBlock,
    items: Option<Vec<Item>>,
    address: BlockAddress,
    heading: String,
    shells: &mut Shells,
) -> Block {
    let start_depth = shells.depth();
    let (kind, source) = match items {
        None => (Kind::Text(raw.source), String::new()),
        Some(mut items) => {
            shells.follow(&mut items);
            (Kind::Commands(exchanges(items, raw.first, 0)), raw.source)
        }
    };
    Block {
        address,
        heading,
        kind,
        line: raw.line,
        end_line: raw.end_line,
        info: raw.info,
        annotation: raw.annotation,
        start_depth,
        end_depth: shells.depth(),
        first: raw.first,
        source,
    }
}

fn exchanges(items: Vec<Item>, first_line: usize, depth: usize) -> Vec<Exchange> {
    let exchange = |item: Item| {
        Some(Exchange {
            line: first_line + item.at,
            prompt: item.prompt,
            command: item.command?,
            output: item.output,
            depth: depth + item.depth,
            opens: item.opens,
        })
    };
    items.into_iter().filter_map(exchange).collect()
}

/// The first command of the lines that an author wants typed, and the lines below it. `None`: there is none.
#[must_use]
pub fn first_command(text: &str, reader: Reader) -> Option<(String, &str)> {
    command::first(text, reader)
}
