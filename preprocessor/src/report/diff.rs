//! A difference the way a person reads it: `-` what was expected, `+` what came, the first wrong character marked.
//!
//! Colours say no more than the text without them, and all marks are ASCII: a log of CI shows the same as a terminal.

use std::fmt::Write as _;

use super::progress::column_count;
use super::{Paint, visible};
use crate::judge::verdict::{Diff, DiffLine};
use crate::judge::{Folded, Stretch};

/// The lines of a diff, each ending in a newline, without indentation.
pub fn diff(diff: &Diff, paint: Paint) -> String {
    let mut text = String::new();
    for folded in diff.folded() {
        match folded {
            Folded::Equal(lines) => {
                let count = lines.len();
                let fold = paint.faint(format_args!("  ... {count} equal lines ..."));
                let _ = writeln!(text, "{fold}");
            }
            Folded::Shown(lines) => shown(lines, paint, &mut text),
        }
    }
    text
}

/// What the marks of this diff mean.
pub(super) fn legend(diff: &Diff, paint: Paint) -> String {
    let expected = format!("{} expected", paint.bad("-"));
    let came = format!("{} came", paint.good("+"));
    let mut missing = diff.lines.iter().filter(|line| sign(line) == '-');
    match paint {
        Paint::Coloured if diff.has_varying() => {
            let faint = paint.faint("faint");
            format!("{expected} ({faint}: may be another), {came}")
        }
        Paint::Plain if missing.any(|line| line.stretches().iter().any(is_silent)) => {
            format!("{expected} (~: may be another), {came}")
        }
        _ => format!("{expected}, {came}"),
    }
}

fn sign(line: &DiffLine) -> char {
    match line {
        DiffLine::Same { .. } => ' ',
        DiffLine::Missing { .. } => '-',
        DiffLine::Extra { .. } => '+',
    }
}

fn shown(lines: &[DiffLine], paint: Paint, text: &mut String) {
    // One line against one line: both marks say more than one. In a longer stretch the marks would stand between lines
    // that belong together, so only the first pair has them.
    let mut marked = String::new();
    for line in lines {
        let sign = sign(line);
        let stretches = line.stretches();
        let words: String = stretches
            .iter()
            .map(|it| painted(sign, it, paint))
            .collect();
        let line_text = format!("{}{words}", by_side(sign, &format!("{sign} "), paint));
        let _ = writeln!(text, "{}", line_text.trim_end());
        let at = match line {
            DiffLine::Missing {
                first_difference, ..
            }
            | DiffLine::Extra {
                first_difference, ..
            } => first_difference.filter(|_| !marked.contains(sign)),
            DiffLine::Same { .. } => None,
        };
        if at.is_some() {
            marked.push(sign);
        }
        let silent = paint == Paint::Plain && sign == '-';
        let marks = marks(&stretches, at.is_some(), silent);
        if !marks.is_empty() {
            let _ = writeln!(text, "  {}", marks.replace('^', &paint.bold("^")));
        }
    }
}

fn painted(sign: char, part: &Stretch<'_>, paint: Paint) -> String {
    let text = visible(part.text);
    match (part.varies, part.differs) {
        (true, _) => paint.faint(text),
        (false, true) => paint.bold(by_side(sign, &text, paint)),
        (false, false) => by_side(sign, &text, paint),
    }
}

fn by_side(sign: char, text: &str, paint: Paint) -> String {
    match sign {
        '-' => paint.bad(text),
        '+' => paint.good(text),
        _ => text.to_owned(),
    }
}

/// Whether what varies does not say so itself, as `{{int}}` does: a recorded value.
fn is_silent(part: &Stretch<'_>) -> bool {
    part.varies && !part.text.starts_with("{{") && !matches!(part.text.trim(), "..." | "…")
}

/// What stands below a line: `^` at the first difference, `~` below silent parts. Empty where there is nothing to mark.
fn marks(stretches: &[Stretch<'_>], first: bool, silent: bool) -> String {
    let mut marks = String::new();
    let mut first = first;
    for part in stretches {
        let fill = if silent && is_silent(part) { "~" } else { " " };
        for c in visible(part.text).chars() {
            let mut columns = column_count(c);
            if part.differs && first {
                first = false;
                marks.push('^');
                columns = columns.saturating_sub(1);
            } else if c == '\t' {
                marks.push('\t');
                continue;
            }
            marks.push_str(&fill.repeat(columns));
        }
    }
    if first {
        marks.push('^');
    }
    marks.truncate(marks.trim_end().len());
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::verdict::Against;

    fn of(lines: Vec<DiffLine>) -> Diff {
        Diff {
            against: Against::Transcript,
            lines,
            expected_line: 0,
            bound: Vec::new(),
            broken: Vec::new(),
        }
    }

    fn missing(expected: &str, varying: &str, first_difference: Option<usize>) -> DiffLine {
        let at = expected.find(varying).expect("a part of the line");
        DiffLine::Missing {
            expected: expected.to_owned(),
            varying: std::iter::once(at..at + varying.len()).collect(),
            first_difference,
        }
    }

    #[test]
    fn a_log_without_colours_says_what_varies_by_ascii_alone() {
        let of = of(vec![missing("漢\tae:e9 brd\x07 b", "ae:e9", Some(13))]);
        assert_eq!(
            diff(&of, Paint::Plain),
            "- 漢\tae:e9 brd\\u{7} b\n    \t~~~~~          ^\n"
        );
        assert_eq!(
            legend(&of, Paint::Plain),
            "- expected (~: may be another), + came"
        );
        let coloured = diff(&of, Paint::Coloured);
        assert!(coloured.contains("\x1b[2mae:e9\x1b[0m") && !coloured.contains('~'));
    }

    #[test]
    fn a_placeholder_says_itself_that_it_varies() {
        let of = of(vec![
            missing("a {{int}}", "{{int}}", None),
            missing("b …", "…", None),
        ]);
        assert_eq!(diff(&of, Paint::Plain), "- a {{int}}\n- b …\n");
        assert_eq!(legend(&of, Paint::Plain), "- expected, + came");
    }

    #[test]
    fn only_the_first_pair_of_a_stretch_has_a_caret() {
        let extra = |actual: &str| DiffLine::Extra {
            actual: actual.to_owned(),
            first_difference: Some(1),
        };
        let of = of(vec![
            missing("ax", "", Some(1)),
            missing("bx", "", Some(1)),
            extra("ay"),
            extra("b"),
        ]);
        assert_eq!(
            diff(&of, Paint::Plain),
            "- ax\n   ^\n- bx\n+ ay\n   ^\n+ b\n"
        );
    }
}
