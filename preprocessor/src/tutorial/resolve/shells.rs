//! Which nested shells are open in a terminal, step after step.
//!
//! Two voices say what opens: the README's prompts (each shell has a depth in that document) and the spec's `opens:`.
//! What the README opened is left when its prompts come back; what the spec opened is left by the spec alone, because
//! there the README keeps its prompt.

use crate::tutorial::model::Opens;

/// The nested shells of one terminal, innermost last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shells(Vec<Nested>);

#[derive(Clone, Debug)]
struct Nested {
    /// The README's depth in it and the line that opened it, where the README's prompts say so.
    by_readme: Option<(usize, usize)>,
    opens: Opens,
    /// The prompt it was first seen with: elsewhere the README may write any shell's as `$`.
    prompt: Option<String>,
}

impl Shells {
    /// How many shells are left before a command that the README shows at this depth, in this line. A command that
    /// stands above the one that opened a shell says nothing about its end.
    pub(crate) fn leave_for(&mut self, depth: usize, line: usize) -> usize {
        let left = |nested: &Nested| {
            nested
                .by_readme
                .is_some_and(|(inside, opened)| inside > depth && opened < line)
        };
        let keep = self.0.iter().position(left).unwrap_or(self.0.len());
        let leaves = self.0.len() - keep;
        self.0.truncate(keep);
        leaves
    }

    /// A command opened something; `by_readme` is its depth and line, where the README's prompts say so.
    pub(crate) fn open(&mut self, opens: Opens, by_readme: Option<(usize, usize)>) {
        self.0.push(Nested {
            by_readme: by_readme.map(|(depth, line)| (depth + 1, line)),
            opens,
            prompt: None,
        });
    }

    /// Whether the command is the one that ends the innermost shell; then it is ended.
    pub(crate) fn exits(&mut self, command: &str) -> bool {
        let Some(innermost) = self.0.last() else {
            return false;
        };
        let exits = match innermost.opens {
            Opens::Shell => leaves_a_shell(command),
            Opens::Prompt(_) => leaves_a_program(command),
        };
        if exits {
            self.0.pop();
        }
        exits
    }

    /// Whether the innermost is a program with a prompt of its own.
    pub(crate) fn is_in_program(&self) -> bool {
        let innermost = self.0.last();
        innermost.is_some_and(|it| matches!(it.opens, Opens::Prompt(_)))
    }

    /// The innermost shell ended.
    pub(crate) fn close(&mut self) {
        self.0.pop();
    }

    /// The README shows the innermost shell with this prompt.
    pub(crate) fn seen_with(&mut self, prompt: &str) {
        if let Some(innermost) = self.0.last_mut() {
            innermost.prompt.get_or_insert_with(|| prompt.to_owned());
        }
    }

    /// The prompt that a command of our own is shown with.
    pub(crate) fn prompt(&self, user: &str) -> String {
        let base = if user == "root" { "#" } else { "$" };
        match self.0.last() {
            None => base.to_owned(),
            Some(Nested {
                prompt: Some(prompt),
                ..
            }) => prompt.clone(),
            Some(Nested {
                opens: Opens::Prompt(pattern),
                ..
            }) => literal(pattern).unwrap_or_else(|| ">".to_owned()),
            Some(_) => "$".to_owned(),
        }
    }
}

fn leaves_a_shell(command: &str) -> bool {
    let mut words = command.split_whitespace();
    matches!(words.next(), Some("exit" | "logout")) && words.all(|word| word.parse::<u8>().is_ok())
}

fn leaves_a_program(command: &str) -> bool {
    matches!(
        command.trim(),
        "exit" | "exit()" | "quit" | "quit()" | "logout" | "\\q" | ".exit" | ".quit" | ":q"
    )
}

/// What a pattern without any magic matches: `>>> ` is shown as `>>>`.
fn literal(pattern: &str) -> Option<String> {
    let plain = pattern.trim_start_matches('^').trim_end_matches('$');
    let mut text = String::new();
    let mut chars = plain.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.push(chars.next().filter(|c| !c.is_alphanumeric())?),
            '.' | '*' | '+' | '?' | '[' | ']' | '(' | ')' | '{' | '}' | '|' => return None,
            c => text.push(c),
        }
    }
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_readme_opened_is_left_when_its_prompt_comes_back() {
        let mut shells = Shells::default();
        shells.open(Opens::Shell, Some((0, 10)));
        assert_eq!(shells.leave_for(1, 11), 0);
        shells.seen_with("$#");
        shells.seen_with("$");
        assert_eq!(shells.prompt("user"), "$#");
        // A section above the one that opened it.
        assert_eq!(shells.leave_for(0, 5), 0);
        assert_eq!(shells.leave_for(0, 12), 1);
        assert_eq!(shells.prompt("user"), "$");
    }

    #[test]
    fn what_the_spec_opened_stays_while_the_readme_keeps_its_prompt() {
        let mut shells = Shells::default();
        shells.open(Opens::Shell, None);
        assert_eq!(shells.leave_for(0, 5), 0);
        assert!(shells.exits("exit"));
        assert!(!shells.exits("exit"));
    }

    #[test]
    fn a_program_is_shown_with_its_prompt_and_left_by_its_own_words() {
        let mut shells = Shells::default();
        shells.open(Opens::Prompt("^>>> ".to_owned()), None);
        assert_eq!(shells.prompt("user"), ">>>");
        assert!(!shells.exits("print(1)"));
        assert!(shells.exits("exit()"));
    }
}
