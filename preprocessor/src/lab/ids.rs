//! Which ids of the machine a lab's ids 0–65535 are.
//!
//! The caller's own id is *not* among them. Lab root can become any id that is mapped; if the caller's were, then in a
//! lab that root started, lab root could be the machine's root as far as the owner of a file decides (every
//! /proc/sys entry, for one). What a lab needs of files that only the caller can read is opened before the init gives
//! up the caller's id (`init/`).

use std::fs;
use std::io::{Error, Result};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use nix::unistd::{Pid, Uid, User};

use crate::lab::programs;

/// How many ids a lab has: what Debian's tools take for granted (65534 is `nobody`).
pub(crate) const COUNT: u32 = 65536;

/// Where root's labs begin when /etc/subuid gives root nothing. systemd-nspawn hands out what lies below 0x7000_0000,
/// systemd's foreign ids begin at 0x7FFE_0000, useradd's subordinate ids end at 600,100,000: nobody lives here.
const ROOT_BASE: u32 = 0x7000_0000;

/// The ranges of a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ranges {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// Why a caller has no ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoRanges {
    /// /etc/subuid or /etc/subgid has no range of 65,536 ids for this user.
    NotGiven {
        user: String,
        /// The first of as many ids that nobody has.
        free: u32,
    },
    /// The program that maps them for an ordinary user.
    NoProgram,
}

/// The ranges that the caller's labs use.
pub(crate) fn of_caller() -> std::result::Result<Ranges, NoRanges> {
    let uid = Uid::effective();
    let user = user_name(uid);
    let find = |path: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        range_in(&text, &user, uid.as_raw())
    };
    let (uids, gids) = (find("/etc/subuid"), find("/etc/subgid"));
    if uid.is_root() {
        return Ok(Ranges {
            uid: uids.unwrap_or(ROOT_BASE),
            gid: gids.unwrap_or(ROOT_BASE),
        });
    }
    let (Some(uid), Some(gid)) = (uids, gids) else {
        let free = ["/etc/subuid", "/etc/subgid"]
            .map(|path| free_in(&fs::read_to_string(path).unwrap_or_default()));
        return Err(NoRanges::NotGiven {
            user,
            free: free.into_iter().fold(0, u32::max),
        });
    };
    if mapper("newuidmap").is_none() || mapper("newgidmap").is_none() {
        return Err(NoRanges::NoProgram);
    }
    Ok(Ranges { uid, gid })
}

fn user_name(uid: Uid) -> String {
    match User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        _ => uid.to_string(),
    }
}

fn mapper(name: &str) -> Option<PathBuf> {
    programs::find(name)
}

/// The first range in a subuid file that is long enough. An owner is a name or a number, as subuid(5) says.
fn range_in(text: &str, user: &str, uid: u32) -> Option<u32> {
    let number = uid.to_string();
    text.lines().find_map(|line| {
        let (owner, range) = line.split_once(':')?;
        let (start, count) = range.split_once(':')?;
        let ours = owner == user || owner == number;
        let long_enough = count.trim().parse::<u32>().ok()? >= COUNT;
        (ours && long_enough).then(|| start.parse().ok())?
    })
}

/// Where the next range of a subuid file can begin; at 100,000 at the earliest, as useradd does it.
fn free_in(text: &str) -> u32 {
    let end = |line: &str| {
        let (_, range) = line.split_once(':')?;
        let (start, count) = range.split_once(':')?;
        let (start, count) = (start.parse::<u32>().ok()?, count.trim().parse().ok()?);
        start.checked_add(count)
    };
    text.lines().filter_map(end).fold(100_000, u32::max)
}

/// Gives the namespace of a process its ids. Root writes the maps itself, because newuidmap refuses root without an
/// entry in /etc/subuid; an ordinary user may not, and asks newuidmap and newgidmap, both at once.
pub(crate) fn map(process: Pid, ranges: &Ranges) -> Result<()> {
    if Uid::effective().is_root() {
        let line = |base| format!("0 {base} {COUNT}\n");
        fs::write(format!("/proc/{process}/uid_map"), line(ranges.uid))?;
        return fs::write(format!("/proc/{process}/gid_map"), line(ranges.gid));
    }
    let uids = spawn_mapper("newuidmap", process, ranges.uid)?;
    let gids = spawn_mapper("newgidmap", process, ranges.gid)?;
    finish_mapper("newuidmap", uids)?;
    finish_mapper("newgidmap", gids)
}

fn spawn_mapper(name: &str, process: Pid, base: u32) -> Result<Child> {
    let program = mapper(name).ok_or_else(|| Error::other(format!("{name} is not installed")))?;
    Command::new(program)
        .args([process.as_raw().to_string(), "0".to_owned()])
        .args([base.to_string(), COUNT.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
}

fn finish_mapper(name: &str, child: Child) -> Result<()> {
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::other(format!("{name}: {}", said.trim())))
}

#[cfg(test)]
mod tests {
    use super::{free_in, range_in};

    #[test]
    fn the_first_range_that_is_long_enough_counts() {
        let text = "other:100000:65536\nme:200000:1000\nme:300000:65536\n";
        assert_eq!(range_in(text, "me", 1000), Some(300_000));
    }

    #[test]
    fn a_new_range_begins_behind_all_others() {
        assert_eq!(free_in(""), 100_000);
        assert_eq!(
            free_in("a:1:5\nb:165536:65536\nx\nc:100000:65536\n"),
            231_072
        );
    }

    #[test]
    fn an_owner_may_be_a_number() {
        assert_eq!(range_in("1000:300000:65536", "me", 1000), Some(300_000));
        assert_eq!(range_in("1001:300000:65536", "me", 1000), None);
    }

    #[test]
    fn a_file_with_comments_and_nonsense_gives_nothing() {
        assert_eq!(range_in("# me\nme\nme:x:y\n", "me", 1000), None);
    }
}
