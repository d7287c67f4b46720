//! Nested shells: how deep each command was typed.
//!
//! A change of prompt is mostly a nested shell, coming back is its end, and it goes on across blocks: the depth
//! belongs to the document. It may also be another terminal; a guess is made only where the page gives a reason,
//! and the spec has the last word.

use super::transcript::Item;
use super::words;

/// Programs that begin another shell, on this machine or on another. (A `match`, because each command asks.)
fn is_opener(program: &str) -> bool {
    matches!(
        program,
        "adb"
            | "arch-chroot"
            | "ash"
            | "bash"
            | "bwrap"
            | "cado"
            | "capsh"
            | "cgexec"
            | "chroot"
            | "dash"
            | "distrobox"
            | "fakeroot"
            | "firejail"
            | "fish"
            | "ksh"
            | "linux32"
            | "lxc-attach"
            | "lxc-console"
            | "machinectl"
            | "minicom"
            | "mosh"
            | "netnsjoin"
            | "newgrp"
            | "nix-shell"
            | "nsenter"
            | "pct"
            | "picocom"
            | "proot"
            | "rlogin"
            | "rootlesskit"
            | "runuser"
            | "schroot"
            | "screen"
            | "script"
            | "serial"
            | "setarch"
            | "setpriv"
            | "sg"
            | "sh"
            | "slogin"
            | "ssh"
            | "su"
            | "systemd-nspawn"
            | "telnet"
            | "tmux"
            | "toolbox"
            | "umvu"
            | "unshare"
            | "userbindmount"
            | "vdens"
            | "vustack"
            | "vusu"
            | "zsh"
    )
}

/// Programs that do so with one of these words behind them.
fn opening_words(program: &str) -> &'static [&'static str] {
    match program {
        "docker" | "nerdctl" | "crun" | "runc" | "docker-compose" => &["run", "exec"],
        "podman" => &["run", "exec", "unshare"],
        "kubectl" => &["exec", "run", "debug"],
        "lxc" | "incus" => &["exec", "shell"],
        "vagrant" => &["ssh"],
        "multipass" | "limactl" | "pipenv" | "poetry" | "apptainer" | "singularity" | "guix" => {
            &["shell"]
        }
        "buildah" => &["unshare", "run"],
        "nix" => &["develop", "shell"],
        "ip" => &["netns"],
        _ => &[],
    }
}

/// The command begins a shell that stays.
pub(super) fn opens_shell(command: &str) -> bool {
    let line = command.lines().next().unwrap_or_default();
    let mut words = line
        .split_ascii_whitespace()
        .filter(|w| !words::is_assignment(w) && *w != "exec");
    let mut first = words.next().unwrap_or_default();
    if first == "sudo" {
        if words
            .clone()
            .take(3)
            .any(|w| matches!(w, "-i" | "-s" | "-su" | "-is"))
        {
            return true;
        }
        first = words.find(|w| !w.starts_with('-')).unwrap_or_default();
    }
    let program = file_name(first);
    let opening = opening_words(program);
    if is_opener(program) || (!opening.is_empty() && words.take(3).any(|w| opening.contains(&w))) {
        return true;
    }
    let line = line.trim_end();
    // `vustack /dev/net/x bash`: a shell is what is run in the end.
    let last = || line.rsplit(' ').next().map_or("", file_name);
    line.ends_with(['h', 'u'])
        && line.contains(' ')
        && matches!(last(), "bash" | "sh" | "zsh" | "ash" | "fish" | "su")
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Follows the prompts of a document and says how deep each is.
#[derive(Debug, Default)]
pub(super) struct Shells {
    /// The prompts of the shells that are open in the terminal that the page speaks of, outermost first.
    open: Vec<String>,
    /// Prompts that have been left, with their depth: of another terminal to which the page may come back.
    left: Vec<(String, usize)>,
    /// The prompt of the last item.
    last: String,
    /// The last command was one that begins a shell.
    opener: bool,
    /// The last command was one that ends a shell: it is gone, and no other terminal.
    leaving: bool,
}

impl Shells {
    pub(super) fn depth(&self) -> usize {
        self.open.len().saturating_sub(1)
    }

    /// Gives the items of one block their depth.
    pub(super) fn follow(&mut self, items: &mut [Item]) {
        for at in 0..items.len() {
            let (before, here) = items.split_at_mut(at);
            let item = &mut here[0];
            // Without a prompt it is the reader's own shell, as far as anyone can tell.
            let shown = item.prompt.as_deref();
            if shown.is_some() || item.command.is_some() {
                let shown = shown.unwrap_or(UNSHOWN);
                let opened = self.at(shown, at > 0);
                if let (true, Some(command)) = (
                    opened,
                    before.iter_mut().rev().find(|i| i.command.is_some()),
                ) {
                    command.opens = true;
                }
            }
            item.depth = self.depth();
            if let Some(command) = &item.command {
                self.opener = item.opener;
                self.leaving = matches!(command.as_str(), "exit" | "logout");
            }
        }
    }

    /// The same prompt as the last time is the same shell, and needs no second look.
    fn at(&mut self, shown: &str, same_block: bool) -> bool {
        if self.last == shown {
            return false;
        }
        shown.clone_into(&mut self.last);
        self.at_prompt(identity(shown), shown, same_block)
    }

    /// Moves to the shell that has this prompt; true when the command before has just opened it.
    fn at_prompt(&mut self, shell: String, shown: &str, same_block: bool) -> bool {
        if let Some(depth) = self.open.iter().rposition(|open| *open == shell) {
            self.leave_below(depth);
            return false;
        }
        let seen = self
            .left
            .iter()
            .find(|(left, _)| *left == shell)
            .map(|(_, depth)| *depth);
        // What was typed without a prompt may have been typed anywhere: only its own block goes on from it.
        let unshown = self.open.last().is_some_and(|open| open == UNSHOWN);
        let from_here = !self.open.is_empty() && (same_block || !unshown);
        // Below a command whose prompt is missing, the first prompt is its own unless that command began a shell.
        let changed = same_block && !unshown && seen.is_none() && !is_labelled(shown);
        let opened = self.opener || changed;
        let nested = from_here && opened && shown != UNSHOWN;
        if nested {
            self.left.retain(|(left, _)| *left != shell);
            self.open.push(shell);
            return true;
        }
        let depth = seen.unwrap_or(0).min(self.open.len());
        self.leave(depth);
        self.open.push(shell);
        false
    }

    fn leave_below(&mut self, depth: usize) {
        self.leave(depth + 1);
    }

    fn leave(&mut self, keep: usize) {
        while self.open.len() > keep {
            let depth = self.open.len() - 1;
            if let Some(shell) = self.open.pop() {
                self.left.retain(|(left, _)| *left != shell);
                if !std::mem::take(&mut self.leaving) && self.left.len() < MOST_LEFT {
                    self.left.push((shell, depth));
                }
            }
        }
    }
}

/// More terminals than anyone follows.
const MOST_LEFT: usize = 32;

/// Stands for the prompt that is not shown. Like a name, it is no nested shell's without a reason.
const UNSHOWN: &str = "(reader)";

/// A prompt that carries a name: two of them are two terminals unless a command opens the second.
fn is_labelled(prompt: &str) -> bool {
    prompt.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '(' || c == '[')
}

/// What stays of a prompt when the working directory changes.
fn identity(prompt: &str) -> String {
    // `# #` is `##` with a slip, and both are root's.
    if prompt == "# #" {
        return "#".to_owned();
    }
    let sigil: String = prompt.chars().rev().take(1).collect();
    let body = prompt.trim_end_matches(sigil.as_str()).trim_end();
    if body.starts_with(['/', '~']) {
        return format!("path{sigil}");
    }
    if let Some((user, rest)) = body.split_once('@') {
        let host = rest.split([':', ' ', ']']).next().unwrap_or_default();
        return format!("{user}@{host}{sigil}");
    }
    if prompt.starts_with("PS") || body.contains(":\\") {
        return "windows".to_owned();
    }
    prompt.chars().filter(|c| !c.is_whitespace()).collect()
}
