//! Who a terminal belongs to: ids and groups, from /etc/passwd and /etc/group.
//!
//! Read by hand, because a static binary has no NSS, and a host's users are in its files.

use std::fs;
use std::io;

use nix::unistd::{Gid, Uid};

/// Ids to take on.
pub(super) struct User {
    /// The user.
    pub(super) uid: u32,
    gid: u32,
    groups: Vec<Gid>,
}

impl User {
    /// The user with these ids, and the groups that it is in.
    pub(super) fn of(uid: u32, gid: u32) -> Self {
        let mut groups = vec![Gid::from_raw(gid)];
        if let Some(name) = name_of(uid) {
            for (id, members) in group_entries() {
                if members.split(',').any(|member| member == name) && id != gid {
                    groups.push(Gid::from_raw(id));
                }
            }
        }
        Self { uid, gid, groups }
    }

    /// Makes this process theirs, for good. Nothing to do for our own id.
    pub(super) fn become_it(&self) -> io::Result<()> {
        if nix::unistd::geteuid().as_raw() == self.uid {
            return Ok(());
        }
        nix::unistd::setgroups(&self.groups)?;
        nix::unistd::setgid(Gid::from_raw(self.gid))?;
        nix::unistd::setuid(Uid::from_raw(self.uid))?;
        Ok(())
    }
}

/// A group's id.
pub(super) fn group_id(name: &str) -> Option<u32> {
    let text = fs::read_to_string("/etc/group").ok()?;
    text.lines()
        .find_map(|line| {
            line.strip_prefix(name)?
                .strip_prefix(':')?
                .split(':')
                .nth(1)
        })
        .and_then(|id| id.parse().ok())
}

fn name_of(uid: u32) -> Option<String> {
    let text = fs::read_to_string("/etc/passwd").ok()?;
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

/// All groups: id, and the members as listed.
fn group_entries() -> Vec<(u32, String)> {
    let text = fs::read_to_string("/etc/group").unwrap_or_default();
    text.lines()
        .filter_map(|line| {
            let mut fields = line.split(':').skip(2);
            let id = fields.next()?.parse().ok()?;
            Some((id, fields.next()?.to_owned()))
        })
        .collect()
}
