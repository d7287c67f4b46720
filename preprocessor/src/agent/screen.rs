//! The screen of a terminal: bytes → the lines that a person would see.
//!
//! One emulator per terminal, kept. Each command starts on an empty screen with the state (colours, character sets)
//! that the one before left, so what it shows does not depend on how far the terminal had scrolled. Only this file
//! knows `avt`.

use avt::observer::{Observation, Observer};
use avt::parser::{EdScope, Function};
use avt::{Color, Operation, ScreenKind};

use super::escape::{Scanner, Token};
use crate::outcome::{Line, Style, StyledRange};

/// See the module.
pub(super) struct Screen {
    terminal: avt::Terminal,
    gone_by: GoneBy,
    /// Bytes of a character whose rest has not come.
    unfinished: Vec<u8>,
    scanner: Scanner,
    /// The SGR sequences since the last reset: the pen, in a form that can be fed again.
    pen: Vec<Vec<u8>>,
    /// Whether something but plain text came since the screen was empty.
    addressed: bool,
    /// Whether anything came since the screen was empty.
    used: bool,
    /// Answers to queries (where is the cursor?), to be typed.
    replies: Vec<u8>,
    /// Whether a part that was only scanned moved the cursor about.
    lost: bool,
}

impl Screen {
    /// An empty one.
    pub(super) fn new((columns, rows): (u16, u16)) -> Self {
        let terminal = avt::Terminal::new(columns.max(1).into(), rows.max(1).into())
            .or_else(|_| avt::Terminal::new(80, 24));
        let Ok(terminal) = terminal else {
            unreachable!("80x24 is a size")
        };
        Self {
            terminal,
            gone_by: GoneBy::default(),
            unfinished: Vec::new(),
            scanner: Scanner::default(),
            pen: Vec::new(),
            addressed: false,
            used: false,
            replies: Vec::new(),
            lost: false,
        }
    }

    /// Shows `bytes`.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.used = true;
        let mut scanner = std::mem::take(&mut self.scanner);
        let mut from = 0;
        scanner.scan(bytes, |end, token| {
            let Token::Sequence(sequence) = token else {
                return;
            };
            self.addressed = true;
            match sequence {
                [0x1b, b'[', .., b'm'] => self.note_pen(sequence),
                [0x1b, b'[', .., b'n' | b'c'] => {
                    self.decode(&bytes[from..end]);
                    from = end;
                    self.answer(sequence);
                }
                _ => {}
            }
        });
        self.scanner = scanner;
        self.decode(&bytes[from..]);
    }

    /// Takes `bytes` as they change the terminal's state, without showing them.
    pub(super) fn skip(&mut self, bytes: &[u8]) {
        let mut scanner = std::mem::take(&mut self.scanner);
        scanner.scan(bytes, |_, token| {
            let Token::Sequence(sequence) = token else {
                return;
            };
            match sequence {
                [0x1b, b'[', .., b'm'] => self.note_pen(sequence),
                // Modes, the scroll region, character sets, keypad.
                [0x1b, b'[', .., b'h' | b'l' | b'r'] | [0x1b, b'(' | b')' | b'=' | b'>', ..] => {
                    self.decode(sequence);
                }
                [0x1b, b'[', .., b'n' | b'c' | b't' | b'q'] => {}
                _ => self.lost = true,
            }
        });
        self.scanner = scanner;
    }

    /// Ends a skipped part: what follows starts on a line of its own, with the pen that the skipped part left.
    pub(super) fn end_skip(&mut self) {
        self.unfinished.clear();
        if self.terminal.cursor().col > 0 {
            self.show("\r\n");
        }
        self.restore_pen();
    }

    /// Whether a skipped part addressed the cursor, so that what came after may have stood elsewhere.
    pub(super) fn lost(&self) -> bool {
        self.lost
    }

    /// What the terminal answers to the queries seen so far.
    pub(super) fn take_replies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.replies)
    }

    /// Whether the program asked the arrow keys to speak in application mode.
    pub(super) fn application_keys(&self) -> bool {
        self.terminal.cursor_key_app_mode()
    }

    /// Empties the screen for the next command; state stays.
    pub(super) fn clear(&mut self) {
        self.gone_by.lines.clear();
        self.gone_by.open = LineBuilder::default();
        self.unfinished.clear();
        self.lost = false;
        if !self.used {
            return;
        }
        if self.addressed || !self.pen.is_empty() {
            // What a program that died in the middle left: alternate screen, scroll region, origin and insert mode.
            self.show("\x1b[?1049l\x1b[r\x1b[?6l\x1b[?7h\x1b[4l\x1b[m\x1b[H\x1b[J");
            self.restore_pen();
        } else {
            // Plain text leaves nothing behind its last line: there is no need to erase every row of the screen.
            self.show("\x1b[1J\x1b[2K\x1b[H");
        }
        self.addressed = false;
        self.used = false;
        self.scanner = Scanner::default();
    }

    /// All lines since the screen was cleared, and whether the last has no newline.
    pub(super) fn lines(&self) -> (Vec<Line>, bool) {
        let mut lines = self.gone_by.lines.clone();
        let unfinished = self.visible(&mut lines);
        (lines, unfinished)
    }

    /// How many there are.
    pub(super) fn line_count(&self) -> usize {
        let mut visible = Vec::new();
        self.visible(&mut visible);
        self.gone_by.lines.len() + visible.len()
    }

    /// As `lines`, and takes them along.
    pub(super) fn take_lines(&mut self) -> (Vec<Line>, bool) {
        let mut lines = std::mem::take(&mut self.gone_by.lines);
        let unfinished = self.visible(&mut lines);
        (lines, unfinished)
    }

    /// What a program shows that has taken the whole screen (the alternate one), without the empty rows below it.
    pub(super) fn drawn(&self) -> Option<Vec<Line>> {
        if self.terminal.active_screen_kind() != ScreenKind::Alternate {
            return None;
        }
        let rows = self.terminal.screen().visible_lines();
        let mut lines: Vec<Line> = rows
            .map(|row| {
                let mut builder = LineBuilder::default();
                builder.push(row);
                builder.finish()
            })
            .collect();
        while lines.last().is_some_and(|last| last.text.is_empty()) {
            lines.pop();
        }
        Some(lines)
    }

    /// The text of the line that the cursor stands in, up to the cursor.
    pub(super) fn last_line(&self) -> String {
        let screen = self.terminal.screen();
        let row = self.terminal.cursor().row;
        let mut first = row;
        while first > 0 && screen.line(first - 1).is_some_and(avt::Line::is_wrapped) {
            first -= 1;
        }
        let mut builder = LineBuilder::default();
        for row in first..=row {
            if let Some(line) = screen.line(row) {
                builder.push(line);
            }
        }
        let mut text = builder.finish().text;
        // Blanks up to the cursor are part of a prompt.
        let (columns, _) = self.terminal.size();
        let width = (row - first) * columns + self.terminal.cursor().col;
        for _ in text.chars().count()..width {
            text.push(' ');
        }
        text
    }

    /// Appends the rows that are on the screen.
    fn visible(&self, lines: &mut Vec<Line>) -> bool {
        let cursor = self.terminal.cursor();
        let alternate = self.terminal.active_screen_kind() == ScreenKind::Alternate;
        let screen = self.terminal.primary_screen();
        let mut end = if alternate {
            0
        } else {
            cursor.row + usize::from(cursor.col > 0)
        };
        if self.addressed || alternate {
            let written = screen
                .visible_lines()
                .enumerate()
                .filter(|(_, line)| !is_blank(line))
                .map(|(row, _)| row + 1)
                .last();
            end = end.max(written.unwrap_or(0));
        }
        let mut open = self.gone_by.open.clone();
        for row in 0..end {
            let Some(line) = screen.line(row) else { break };
            open.push(line);
            if !line.is_wrapped() || row + 1 == end {
                lines.push(std::mem::take(&mut open).finish());
            }
        }
        if open.begun {
            lines.push(open.finish());
        }
        !alternate && cursor.col > 0 && end == cursor.row + 1
    }

    /// Joins characters that were split between two reads; what is no UTF-8 becomes U+FFFD.
    fn decode(&mut self, bytes: &[u8]) {
        let joined;
        let mut rest = bytes;
        if !self.unfinished.is_empty() {
            joined = [&self.unfinished, bytes].concat();
            self.unfinished.clear();
            rest = &joined;
        }
        loop {
            match std::str::from_utf8(rest) {
                Ok(text) => return self.show(text),
                Err(error) => {
                    let (valid, wrong) = rest.split_at(error.valid_up_to());
                    self.show(std::str::from_utf8(valid).unwrap_or_default());
                    let Some(length) = error.error_len() else {
                        self.unfinished = wrong.to_vec();
                        return;
                    };
                    self.show("\u{fffd}");
                    rest = &wrong[length..];
                }
            }
        }
    }

    fn show(&mut self, text: &str) {
        self.terminal.feed_with(text, &mut self.gone_by);
    }

    fn note_pen(&mut self, sequence: &[u8]) {
        // More different ones than this without a reset is a rainbow, whose last colours say enough.
        const MOST: usize = 16;
        let parameters = &sequence[2..sequence.len() - 1];
        if parameters.is_empty() || parameters == b"0" {
            self.pen.clear();
            return;
        }
        if parameters.starts_with(b"0;") {
            self.pen.clear();
        }
        if self.pen.last().is_some_and(|last| last == sequence) {
            return;
        }
        if let Some(known) = self.pen.iter().position(|known| known == sequence) {
            let known = self.pen.remove(known);
            self.pen.push(known);
            return;
        }
        if self.pen.len() == MOST {
            self.pen.remove(0);
        }
        self.pen.push(sequence.to_vec());
    }

    fn restore_pen(&mut self) {
        let sequences = [b"\x1b[m".as_slice(), &self.pen.concat()].concat();
        self.show(&String::from_utf8_lossy(&sequences));
    }

    fn answer(&mut self, sequence: &[u8]) {
        let cursor = self.terminal.cursor();
        match sequence {
            b"\x1b[6n" => {
                let (row, column) = (cursor.row + 1, cursor.col + 1);
                self.replies
                    .extend(format!("\x1b[{row};{column}R").into_bytes());
            }
            b"\x1b[5n" => self.replies.extend(b"\x1b[0n"),
            // "A VT100 with advanced video": enough for programs that wait for any answer.
            b"\x1b[c" | b"\x1b[0c" => self.replies.extend(b"\x1b[?1;2c"),
            _ => {}
        }
    }
}

fn is_blank(line: &avt::Line) -> bool {
    line.cells().iter().all(|cell| cell.char() == ' ')
}

/// The lines that scrolled out of the screen.
#[derive(Default)]
struct GoneBy {
    lines: Vec<Line>,
    open: LineBuilder,
    /// The screen is being erased: what leaves it now is gone, as it is for a person who types `clear`.
    erasing: bool,
}

impl Observer for GoneBy {
    type Output = ();

    fn before(&mut self, context: &mut Observation<'_>, operation: &Operation) {
        self.erasing = match operation {
            Operation::Function(Function::Print(_)) => false,
            Operation::Function(Function::Ris) => true,
            Operation::Function(Function::Ed(EdScope::All | EdScope::SavedLines)) => {
                context.terminal().active_screen_kind() == ScreenKind::Primary
            }
            _ => false,
        };
        if self.erasing {
            self.lines.clear();
            self.open = LineBuilder::default();
        }
    }

    fn evicted(&mut self, _: &mut Observation<'_>, line: &avt::Line) {
        if self.erasing {
            return;
        }
        self.open.push(line);
        if !line.is_wrapped() {
            self.lines.push(std::mem::take(&mut self.open).finish());
        }
    }

    fn end(&mut self, _: &mut Observation<'_>) {}
}

/// Rows of a screen → one line.
#[derive(Clone, Default)]
struct LineBuilder {
    line: Line,
    begun: bool,
}

impl LineBuilder {
    fn push(&mut self, row: &avt::Line) {
        self.begun = true;
        let cells = row.cells();
        let end = if row.is_wrapped() {
            cells.len()
        } else {
            cells
                .iter()
                .rposition(|cell| cell.char() != ' ')
                .map_or(0, |last| last + 1)
        };
        // A flood's lines are many: each as small as it can be.
        self.line.text.reserve(end);
        for cell in &cells[..end] {
            if cell.width() == 0 || cell.char().is_control() {
                continue;
            }
            let start = self.line.text.len();
            self.line.text.push(cell.char());
            if !cell.pen().is_default() {
                self.add_style(start, style(cell.pen()));
            }
        }
    }

    fn add_style(&mut self, start: usize, style: Style) {
        if style == Style::default() {
            return;
        }
        let end = self.line.text.len();
        match self.line.styles.last_mut() {
            Some(last) if last.end == start && last.style == style => last.end = end,
            last => {
                if last.is_none() {
                    self.line.styles.reserve_exact(1);
                }
                self.line.styles.push(StyledRange { start, end, style });
            }
        }
    }

    fn finish(mut self) -> Line {
        let length = self.line.text.trim_end_matches(' ').len();
        self.line.text.truncate(length);
        self.line.styles.retain_mut(|range| {
            range.end = range.end.min(length);
            range.start < range.end
        });
        self.line
    }
}

fn style(pen: &avt::Pen) -> Style {
    Style {
        foreground: pen.foreground().map(color),
        background: pen.background().map(color),
        bold: pen.is_bold(),
        italic: pen.is_italic(),
        underline: pen.is_underline(),
        faint: pen.is_faint(),
        inverse: pen.is_inverse(),
        varies: false,
    }
}

/// As [`Style::foreground`] wants it.
fn color(color: Color) -> u32 {
    match color {
        Color::Indexed(index) => index.into(),
        Color::RGB(rgb) => 0x0100_0000 | u32::from_be_bytes([0, rgb.r, rgb.g, rgb.b]),
    }
}

#[cfg(test)]
mod tests {
    use super::Screen;

    fn shown(pieces: &[&[u8]]) -> Vec<crate::outcome::Line> {
        let mut screen = Screen::new((20, 4));
        for piece in pieces {
            screen.feed(piece);
        }
        screen.lines().0
    }

    #[test]
    fn where_the_reads_end_makes_no_difference() {
        let text = "ä€𝄞 \x1b[31mrot\x1b[0m\r\n\x1b[6n\u{1b}]0;title\x07次の行 is wider than twenty columns\r\n\x1b[2Ax";
        let mut bytes = text.as_bytes().to_vec();
        bytes.extend(b"\xff\xe2\x82z\r\n");
        let whole = shown(&[&bytes]);
        for at in 0..bytes.len() {
            assert_eq!(shown(&[&bytes[..at], &bytes[at..]]), whole, "split at {at}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(shown(&single), whole);
    }

    #[test]
    fn a_skipped_part_leaves_its_colours() {
        let mut screen = Screen::new((20, 4));
        screen.feed(b"head\r\n");
        screen.skip(b"\x1b[31mred\r\n\x1b[1");
        screen.skip(b"mbold");
        screen.end_skip();
        screen.feed(b"tail\r\n");
        let line = &screen.lines().0[1];
        assert_eq!(line.text, "tail");
        assert_eq!(line.styles[0].style.foreground, Some(1));
        assert!(line.styles[0].style.bold && !screen.lost());
        screen.skip(b"\x1b[5;5H");
        assert!(screen.lost());
    }
}
