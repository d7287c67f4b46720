//! What one OCI runtime is told differently from another, by the program's name.
//!
//! Everything else is in the bundle's `config.json`, which all of them read. Tried: crun 1.8 and 1.21, runc 1.1.5
//! and 1.1.15 (Debian 12 and 13).

use std::path::Path;

/// The arguments that start the container `name` of the `bundle` and wait for its end. `state` is where the runtime keeps
/// what it knows of the containers that run.
pub(crate) fn arguments(runtime: &Path, state: &str, bundle: &str, name: &str) -> Vec<String> {
    let mut all = vec!["--root".to_owned(), state.to_owned()];
    all.extend(global(runtime).iter().map(|&word| word.to_owned()));
    all.extend(["run", "--bundle", bundle, name].map(str::to_owned));
    all
}

/// No runtime may make a cgroup: v1 and hybrid machines refuse it, and one that is made is left behind by a SIGKILL.
fn global(runtime: &Path) -> &'static [&'static str] {
    let name = runtime.file_name().and_then(|name| name.to_str());
    match name.unwrap_or_default() {
        // `crun`, and what a machine with several of them calls one: `crun-1.21`.
        name if name.starts_with("crun") => &["--cgroup-manager=disabled"],
        // It takes no cgroup for an error where it is "rootless", and guesses whether it is. It would guess right, by
        // /proc/self/uid_map.
        name if name.starts_with("runc") => &["--rootless=true"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::arguments;

    #[test]
    fn each_runtime_is_told_in_its_own_words_to_make_no_cgroup() {
        let said = |runtime: &str| arguments(runtime.as_ref(), "state", "bundle", "host").join(" ");
        assert_eq!(
            said("/usr/bin/crun"),
            "--root state --cgroup-manager=disabled run --bundle bundle host"
        );
        assert_eq!(
            said("/usr/sbin/runc"),
            "--root state --rootless=true run --bundle bundle host"
        );
        assert_eq!(said("/opt/other"), "--root state run --bundle bundle host");
    }
}
