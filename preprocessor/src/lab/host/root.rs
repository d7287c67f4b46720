//! The files of a host made of the machine: which of the machine's it sees, and which are its own.

use std::fs::{self, Permissions};
use std::io::Result;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

/// Folders at the root that are links into /usr since Debian 12, and were folders before.
const MERGED: [&str; 6] = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/// What programs below /usr look for in /etc and can't do without. No more: /etc is where a machine keeps what is its
/// own. `alternatives` are links into /usr (awk, editor, vi); `ld.so.cache` finds libraries outside the default folders;
/// `ssl` holds openssl.cnf and the certificates (its private folder is closed to the lab's ids); `services` and
/// `protocols` are names for port numbers.
const MACHINE_ETC: [&str; 5] = [
    "alternatives",
    "ld.so.cache",
    "protocols",
    "services",
    "ssl",
];

/// Folders of the host's own, with their modes.
const FOLDERS: [(&str, u32); 16] = [
    ("dev", 0o755),
    ("etc", 0o755),
    ("home", 0o755),
    ("mnt", 0o755),
    ("opt", 0o755),
    ("proc", 0o755),
    ("root", 0o700),
    ("run", 0o755),
    ("run/twin", 0o755),
    ("srv", 0o755),
    ("sys", 0o755),
    ("tmp", 0o1777),
    ("usr", 0o755),
    ("var", 0o755),
    ("var/lib", 0o755),
    ("var/tmp", 0o1777),
];

const PASSWD: &str = "\
root:x:0:0:root:/root:/bin/bash
user:x:1000:1000:user:/home/user:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
";

const GROUP: &str = "root:x:0:\ntty:x:5:\nuser:x:1000:\nnogroup:x:65534:\n";

const NSSWITCH: &str = "\
passwd: files
group: files
shadow: files
hosts: files dns
networks: files
protocols: files
services: files
";

/// Makes the root folder. It lies on the lab's tmpfs, so /home/user and /tmp are empty and what is written to them
/// counts against the lab's disk.
pub(super) fn make(root: &str) -> Result<()> {
    fs::create_dir(root)?;
    for (name, mode) in FOLDERS {
        let path = format!("{root}/{name}");
        fs::create_dir(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(mode))?;
    }
    make_home(root)?;
    symlink("/run", format!("{root}/var/run"))?;
    link_into_usr(root)?;
    write_etc(root)
}

fn make_home(root: &str) -> Result<()> {
    let home = format!("{root}/home/user");
    fs::create_dir(&home)?;
    chown(&home, Some(1000), Some(1000))
}

fn link_into_usr(root: &str) -> Result<()> {
    for name in MERGED {
        let here = format!("{root}/{name}");
        match fs::read_link(format!("/{name}")) {
            Ok(target) => symlink(target, here)?,
            Err(_) if Path::new("/").join(name).is_dir() => fs::create_dir(here)?,
            Err(_) => {}
        }
    }
    Ok(())
}

fn write_etc(root: &str) -> Result<()> {
    let etc = |name: &str, text: &str| fs::write(format!("{root}/etc/{name}"), text);
    etc("passwd", PASSWD)?;
    etc("group", GROUP)?;
    etc("nsswitch.conf", NSSWITCH)
}

/// The machine's paths that are mounted read-only on the same paths of the host.
pub(super) fn of_the_machine() -> Vec<String> {
    let mut paths = vec!["/usr".to_owned()];
    let real_folder = |path: &String| fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
    paths.extend(
        MERGED
            .map(|name| format!("/{name}"))
            .into_iter()
            .filter(real_folder),
    );
    let etc = MACHINE_ETC.map(|name| format!("/etc/{name}"));
    paths.extend(etc.into_iter().filter(|path| Path::new(path).exists()));
    paths
}
