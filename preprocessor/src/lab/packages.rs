//! Which Debian packages the machine has, read from dpkg's own list.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const STATUS: &str = "/var/lib/dpkg/status";

/// The versions of those of the packages that are installed. One read of dpkg's list (a megabyte or two, about a
/// millisecond); nothing is read for no name.
pub fn versions(names: &[String]) -> BTreeMap<String, String> {
    if names.is_empty() {
        return BTreeMap::new();
    }
    let status = fs::read(STATUS).unwrap_or_default();
    installed(&String::from_utf8_lossy(&status), names)
}

/// The same for a system whose list is there.
pub(crate) fn versions_in(status: &Path, names: &[String]) -> BTreeMap<String, String> {
    let status = fs::read(status).unwrap_or_default();
    installed(&String::from_utf8_lossy(&status), names)
}

/// Debian's word for this processor.
pub(crate) fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "i386",
        "arm" => "armhf",
        "powerpc64" => "ppc64el",
        other => other, // riscv64, s390x, loongarch64
    }
}

/// Whether the machine keeps such a list.
pub(crate) fn is_debian() -> bool {
    fs::exists(STATUS).unwrap_or(false)
}

fn installed(status: &str, names: &[String]) -> BTreeMap<String, String> {
    let wanted = |name: &str| names.iter().any(|wanted| wanted == name);
    let mut found = BTreeMap::new();
    for entry in status.split("\n\n") {
        let field = |key: &str| {
            let mut lines = entry.trim_start().lines();
            lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
        };
        let name = field("Package").unwrap_or_default();
        if !wanted(name) {
            continue;
        }
        // `deinstall ok config-files` has a version too, and nothing that could run.
        let installed = field("Status").is_some_and(|status| status.ends_with(" installed"));
        if let (true, Some(version)) = (installed, field("Version")) {
            found.insert(name.to_owned(), version.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::installed;

    const STATUS: &str = "\
Package: vdens
Status: install ok installed
Version: 0.9.2-3
Description: a
 Package: not a field

Package: gone
Status: deinstall ok config-files
Version: 1.0

Package: vdeplug
Status: install ok installed
Version: 4.0.1-3
";

    #[test]
    fn what_is_installed_has_a_version_and_what_was_removed_has_none() {
        let names = ["vdens", "gone", "never-there"].map(str::to_owned);
        let found = installed(STATUS, &names);
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            [("vdens".to_owned(), "0.9.2-3".to_owned())]
        );
    }
}
