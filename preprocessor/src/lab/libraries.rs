//! What our own binary runs with: the dynamic loader and the libraries of the machine on which it was started.
//!
//! A host made of a system may have an older libc than we were built for, so the agent brings its own: these files are
//! mounted beside it, and the loader is told to look there. A static binary brings nothing.

use std::fs;
use std::path::{Path, PathBuf};

use crate::lab::plan::AGENT;

/// Where they are seen in a host.
pub(crate) const FOLDER: &str = "/run/twin/lib";

/// What the loader is called there, whatever the machine calls it.
const LOADER: &str = "ld.so";

/// Each with its name below [`FOLDER`], as far as this process has them: all that it was linked to.
pub(crate) fn of_this_process() -> Vec<(PathBuf, String)> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    in_maps(&maps)
}

/// The command that starts our binary in a host made of a system.
pub(crate) fn agent_command() -> Vec<String> {
    let words: &[&str] = match of_this_process().is_empty() {
        true => &[AGENT, "agent"],
        false => &[
            "/run/twin/lib/ld.so",
            "--library-path",
            FOLDER,
            AGENT,
            "agent",
        ],
    };
    words.iter().map(|&word| word.to_owned()).collect()
}

/// `7f… r-xp 00028000 fe:00 1234    /usr/lib/x86_64-linux-gnu/libc.so.6`, see proc_pid_maps(5).
fn in_maps(maps: &str) -> Vec<(PathBuf, String)> {
    let mut all = Vec::new();
    for line in maps.lines() {
        let Some(start) = line.find('/') else {
            continue;
        };
        let path = Path::new(&line[start..]);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name =
            match name.starts_with("ld-") || name.starts_with("ld.") || name.starts_with("ld64") {
                true => LOADER.to_owned(),
                false => name.into_owned(),
            };
        let entry = (path.to_owned(), name);
        if entry.1.contains(".so") && !all.contains(&entry) {
            all.push(entry);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::in_maps;

    #[test]
    fn loader_and_libraries_are_found_each_once() {
        let maps = "\
55d0 r--p 0 fe:00 1 /usr/bin/mdbook-twin
7f01 r--p 0 fe:00 2 /usr/lib/x86_64-linux-gnu/libc.so.6
7f02 r-xp 0 fe:00 2 /usr/lib/x86_64-linux-gnu/libc.so.6
7f03 r-xp 0 fe:00 3 /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
7ffe rw-p 0 00:00 0 [stack]
";
        let found: Vec<String> = in_maps(maps).into_iter().map(|(_, name)| name).collect();
        assert_eq!(found, ["libc.so.6", "ld.so"]);
    }

    #[test]
    fn a_static_binary_brings_nothing() {
        assert_eq!(in_maps("55d0 r--p 0 fe:00 1 /usr/bin/mdbook-twin\n"), []);
    }
}
