//! Where a markdown file has code blocks, headings and annotations.
//!
//! The only file that knows pulldown-cmark. It says nothing about what a block means: an address depends on
//! markdown alone, so no better lexer ever moves it.

use pulldown_cmark::{CodeBlockKind, Event, OffsetIter, Options, Parser, Tag, TagEnd};

use super::Annotation;

/// A heading, as it is written in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// Its text without the marks that make it a heading.
    pub text: String,
    /// 1 to 6.
    pub level: u8,
    /// 1-based.
    pub line: usize,
}

/// A code block before anyone has looked at what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawBlock {
    /// Index into the headings; `None` before the first.
    pub(super) heading: Option<usize>,
    /// The opening fence, or the first indented line.
    pub(super) line: usize,
    pub(super) end_line: usize,
    /// The first line of the content: one below the fence.
    pub(super) first: usize,
    pub(super) info: String,
    /// Content without the indentation and quote marks of what contains it.
    pub(super) source: String,
    pub(super) annotation: Option<Annotation>,
    /// The paragraph right before the block, if there is one: "add this to your ~/.bashrc". It may run on into
    /// the block where a list item has no paragraph of its own.
    pub(super) introduction: Option<std::ops::Range<usize>>,
}

/// Everything of a markdown file that matters here.
#[derive(Debug, Default)]
pub(super) struct Page<'a> {
    pub(super) headings: Vec<Heading>,
    pub(super) blocks: Vec<RawBlock>,
    /// Annotations that stand before no block.
    pub(super) stray: Vec<Annotation>,
    /// Inline code: mostly names of programs, options and files.
    pub(super) mentioned: Vec<&'a str>,
}

/// Reads a markdown file once, from top to bottom.
pub(super) fn page(text: &str) -> Page<'_> {
    // A footnote's paragraphs are indented: without this they would be code.
    let options = Options::ENABLE_FOOTNOTES;
    let start = front_matter(text);
    let mut reader = Reader {
        text,
        lines: LineCounter {
            text,
            at: 0,
            line: 1,
        },
        page: Page::default(),
        pending: None,
        introduction: None,
        start,
    };
    let events = Parser::new_ext(&text[start..], options).into_offset_iter();
    reader.read(events);
    reader.page
}

/// How many bytes at the start are YAML front matter, which markdown would take for a heading.
fn front_matter(text: &str) -> usize {
    let Some(rest) = text
        .strip_prefix("---\n")
        .or_else(|| text.strip_prefix("---\r\n"))
    else {
        return 0;
    };
    let is_key = rest.lines().next().is_some_and(|first| {
        first.split_once(':').is_some_and(|(key, _)| {
            !key.is_empty()
                && key
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
        })
    });
    if !is_key {
        return 0;
    }
    let mut at = text.len() - rest.len();
    for line in rest.split_inclusive('\n') {
        at += line.len();
        if matches!(line.trim_end(), "---" | "...") {
            return at;
        }
    }
    0
}

struct Reader<'a> {
    text: &'a str,
    lines: LineCounter<'a>,
    page: Page<'a>,
    /// The annotation that waits for its block.
    pending: Option<Annotation>,
    introduction: Option<std::ops::Range<usize>>,
    start: usize,
}

impl<'a> Reader<'a> {
    fn read(&mut self, mut events: OffsetIter<'a>) {
        while let Some((event, range)) = events.next() {
            let range = range.start + self.start..range.end + self.start;
            match event {
                Event::Start(Tag::CodeBlock(kind)) => self.block(kind, range, &mut events),
                Event::Start(Tag::Heading { level, .. }) => {
                    self.drop_pending();
                    self.introduction = None;
                    let line = self.lines.line_of(range.start);
                    let text = heading_text(&self.text[range]);
                    self.page.headings.push(Heading {
                        text,
                        level: level as u8,
                        line,
                    });
                }
                Event::Html(_) | Event::InlineHtml(_) => self.html(range.start),
                Event::Start(Tag::Paragraph) => {
                    self.drop_pending();
                    self.introduction = Some(range);
                }
                // A tight list item has its text without a paragraph around it.
                Event::Start(Tag::Item) => {
                    self.drop_pending();
                    self.introduction = Some(range);
                }
                Event::Rule => {
                    self.drop_pending();
                    self.introduction = None;
                }
                // What is annotated stands in the same list item or quote.
                Event::End(TagEnd::Item | TagEnd::BlockQuote(_)) => self.drop_pending(),
                Event::Code(_) => {
                    self.page
                        .mentioned
                        .push(self.text[range].trim_matches('`').trim());
                }
                _ => {}
            }
        }
        self.drop_pending();
    }

    fn drop_pending(&mut self) {
        self.page.stray.extend(self.pending.take());
    }

    /// Takes the events of one code block.
    fn block(
        &mut self,
        kind: CodeBlockKind<'_>,
        range: std::ops::Range<usize>,
        events: &mut OffsetIter<'a>,
    ) {
        let mut source = String::new();
        for (event, _) in events.by_ref() {
            match event {
                Event::Text(text) => source.push_str(&text),
                _ => break,
            }
        }
        let line = self.lines.line_of(range.start);
        let (info, first, end_line) = match kind {
            CodeBlockKind::Fenced(info) => {
                let end = range.start + self.text[range.clone()].trim_end().len();
                (info.trim().to_owned(), line + 1, self.lines.line_of(end))
            }
            CodeBlockKind::Indented => {
                source.truncate(source.trim_end().len());
                (String::new(), line, line + source.matches('\n').count())
            }
        };
        self.page.blocks.push(RawBlock {
            heading: self.page.headings.len().checked_sub(1),
            line,
            end_line,
            first,
            info,
            source,
            annotation: self.pending.take(),
            introduction: self.introduction.take(),
        });
    }

    /// An HTML comment may be an annotation. A comment of several lines comes in several events: its first
    /// one begins it, the text itself is read from the source.
    fn html(&mut self, at: usize) {
        let html = &self.text[at..];
        let indent = html.len() - html.trim_start().len();
        let Some(comment) = html[indent..].strip_prefix("<!--") else {
            return;
        };
        let Some(twin) = comment.trim_start().strip_prefix("twin:") else {
            return;
        };
        let twin = &twin[..twin.floor_char_boundary(LONGEST_ANNOTATION)];
        let Some(end) = twin.find("-->") else { return };
        let rest = &twin[..end];
        let yaml_at = self.text.len() - html.len()
            + indent
            + "<!--".len()
            + (comment.len() - comment.trim_start().len())
            + "twin:".len();
        let yaml_at = yaml_at + rest.len() - rest.trim_start().len();
        self.drop_pending();
        let line_start = self.text[..yaml_at].rfind('\n').map_or(0, |n| n + 1);
        self.pending = Some(Annotation {
            line: self.lines.line_of(yaml_at),
            column: self.text[line_start..yaml_at].chars().count() + 1,
            yaml: rest.trim().to_owned(),
        });
    }
}

/// Bounds the search for the end of a comment that has none.
const LONGEST_ANNOTATION: usize = 10_000;

/// The text of a heading as it is written, from the source of the whole heading.
fn heading_text(source: &str) -> String {
    let source = source.trim();
    if source.starts_with('#') {
        let text = source.trim_start_matches('#').trim();
        let bare = text.trim_end_matches('#');
        // A closing run of `#` counts only behind a space: `C#` is a name.
        let closed = bare.is_empty() || bare.ends_with([' ', '\t']);
        return if closed { bare.trim() } else { text }.to_owned();
    }
    let mut lines: Vec<&str> = source.lines().map(str::trim).collect();
    lines.pop(); // the underline
    lines.join(" ")
}

/// Line numbers of byte offsets. Offsets come almost in order, so each byte is looked at about once.
struct LineCounter<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl LineCounter<'_> {
    fn line_of(&mut self, offset: usize) -> usize {
        let bytes = self.text.as_bytes();
        let offset = offset.min(bytes.len());
        if offset >= self.at {
            self.line += newlines(&bytes[self.at..offset]);
        } else {
            self.line -= newlines(&bytes[offset..self.at]);
        }
        self.at = offset;
        self.line
    }
}

/// Counted in bytes of up to 255, which the compiler turns into a few instructions for many bytes.
fn newlines(bytes: &[u8]) -> usize {
    let few = |chunk: &[u8]| usize::from(chunk.iter().map(|&b| u8::from(b == b'\n')).sum::<u8>());
    bytes.chunks(255).map(few).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotations(text: &str) -> (Vec<Option<String>>, Vec<String>) {
        let page = page(text);
        let of = |block: &RawBlock| block.annotation.as_ref().map(|a| a.yaml.clone());
        (
            page.blocks.iter().map(of).collect(),
            page.stray.iter().map(|a| a.yaml.clone()).collect(),
        )
    }

    #[test]
    fn an_annotation_stands_right_before_its_block() {
        let text = "<!-- twin: {id: a} -->\n```\n$ x\n```\n\n* item\n\n  <!-- twin: {id: b,\n    exit: 1} -->\n\n  ```\n  $ y\n  ```\n\n    $ z\n";
        let (blocks, stray) = annotations(text);
        assert_eq!(blocks[0].as_deref(), Some("{id: a}"));
        assert_eq!(blocks[1].as_deref(), Some("{id: b,\n    exit: 1}"));
        assert!(blocks[2..].iter().all(Option::is_none) && stray.is_empty());
    }

    #[test]
    fn an_annotation_knows_its_place() {
        let page = page("# T\n\n<!--  twin:  {id: a} -->\n\n    $ x\n");
        let annotation = page.blocks[0].annotation.as_ref().expect("one");
        assert_eq!((annotation.line, annotation.column), (3, 14));
    }

    #[test]
    fn what_stands_before_no_block_is_stray() {
        let text = "<!-- twin: {id: a} -->\n\ntext\n\n    $ x\n\n<!-- twin: {id: b} -->\n<!-- twin: {id: c} -->\n\n    $ y\n\n* item\n\n  <!-- twin: {id: d} -->\n\n<!-- an ordinary one -->\n\n```\n```\n\n<!-- twin: {id: e} -->";
        let (blocks, stray) = annotations(text);
        assert_eq!(stray, ["{id: a}", "{id: b}", "{id: d}", "{id: e}"]);
        assert_eq!(blocks.iter().flatten().collect::<Vec<_>>(), ["{id: c}"]);
    }

    #[test]
    fn headings_are_as_they_are_written() {
        let texts = |text: &str| {
            page(text)
                .headings
                .iter()
                .map(|h| h.text.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            texts("# *a* `b` ##\n\n## C#\n\nTwo\nlines\n-----\n\n#\n"),
            ["*a* `b`", "C#", "Two lines", ""]
        );
        assert_eq!(texts("---\ntitle: x\n---\n# A\n"), ["A"]);
    }
}
