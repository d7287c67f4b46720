//! Programs that a line may begin with, and what must follow before the line is taken for a command.
//!
//! A name alone proves little: `make sure`, `find out`, `go 1.21`, `gem 'rails'`, `ip address 10.0.0.1` (of a
//! router) and `git version 2.43` all begin with one. So each program says what makes the line beyond doubt.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What must follow a program's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// Nothing: the name is no word of any language.
    Name,
    /// An argument that prose does not have: an option, a path, a URL, something quoted, a variable.
    Argument,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// What proves that a line beginning with `program` is a command; `None` for an unknown program.
pub(super) fn proof(program: &str) -> Option<Proof> {
    PROOFS.get(program).copied().or_else(|| {
        FAMILIES
            .iter()
            .any(|f| is_of_family(program, f))
            .then_some(Proof::Name)
    })
}

static PROOFS: LazyLock<HashMap<&str, Proof>> = LazyLock::new(|| {
    let words = SUBCOMMANDS
        .iter()
        .flat_map(|(names, words)| names.iter().map(|name| (*name, Proof::Word(words))));
    let names = NAMES.iter().map(|name| (*name, Proof::Name));
    let arguments = ARGUMENTS.iter().map(|name| (*name, Proof::Argument));
    words.chain(names).chain(arguments).collect()
});

fn is_of_family(program: &str, family: &str) -> bool {
    program.len() > family.len()
        && program.starts_with(family)
        && program
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.+".contains(&b))
}

/// Beginnings that only programs have.
const FAMILIES: &[&str] = &[
    "lxc-",
    "qemu-",
    "mkfs.",
    "fsck.",
    "apt-",
    "dpkg-",
    "vde_",
    "x86_64-linux-",
    "arm-none-eabi-",
    "aarch64-linux-",
];

/// Names that are no words.
#[rustfmt::skip] // words side by side
const NAMES: &[&str] = &[
    "addgroup", "adduser", "apk", "aria2c", "autoconf", "automake", "autoreconf", "bunzip2",
    "bzip2", "cd", "chgrp", "chmod", "chown", "chroot", "chsh", "cmake", "cp", "cryptsetup",
    "debootstrap", "depmod", "dhclient", "dmesg", "dnsmasq", "dpkg", "esptool.py", "fdisk",
    "fusermount", "fusermount3", "getcap", "gpasswd", "groupadd", "gunzip", "gzip", "ifconfig",
    "insmod", "ip6tables", "iptables", "iwconfig", "ldconfig", "ln", "losetup", "ls", "lsblk",
    "lscpu", "lsmod", "lsusb", "meson", "mkdir", "mkfifo", "mkfs", "mknod", "mktemp",
    "mmdebstrap", "modprobe", "mv", "newgidmap", "newgrp", "newuidmap", "nslookup", "pacman",
    "parted", "paru", "passwd", "pkexec", "pkg_add", "popd", "poweroff", "pushd", "randmac", "rm",
    "rmdir", "rmmod", "rsync", "scp", "setcap", "setfacl", "sgdisk", "shasum", "ssh-add",
    "ssh-copy-id", "ssh-keygen", "ssh-keyscan", "sshfs", "sudoedit", "swapon", "systemd-nspawn",
    "systemd-run", "tcpdump", "tshark", "udhcpc", "umount", "unsquashfs", "unxz", "unzip",
    "useradd", "userdel", "usermod", "vdens", "virsh", "visudo", "vu_insmod", "vufuse",
    "vuumount", "wg-quick", "wget", "xdg-open", "xhost", "xxd", "yay", "zcat",
];

/// Names that are words too, or that programs print before a version.
#[rustfmt::skip] // words side by side
const ARGUMENTS: &[&str] = &[
    "ab", "ar", "arp", "as", "asciinema", "awk", "aws", "base64", "bash", "bat", "bc", "black",
    "blkid", "bpftrace", "brctl", "bwrap", "c++", "cado", "capsh", "cat", "cc", "celery", "clang",
    "clang++", "convert", "crun", "ctest", "curl", "cut", "dash", "date", "dd", "deno", "df",
    "diff", "dig", "dot", "dpkg-buildpackage", "du", "echo", "emacs", "env", "envsubst",
    "ethtool", "export", "fd", "ffmpeg", "find", "firefox", "fish", "flake8", "flatpak-builder",
    "fuse-overlayfs", "fzf", "g++", "gcc", "gdb", "getfacl", "gfortran", "ghc", "ghci",
    "git-annex", "git-lfs", "gradlew", "grep", "gunicorn", "head", "hexdump", "hping3", "htop",
    "iotop", "iperf", "iperf3", "iwlist", "java", "javac", "jq", "julia", "jupyter", "kill",
    "killall", "latexmk", "ld", "ldd", "less", "lld", "lldb", "lsof", "ltrace", "lua", "luajit",
    "md5sum", "mke2fs", "mosh", "mount", "mpirun", "msbuild", "mtr", "mypy", "mysql", "nano",
    "nasm", "nc", "ncat", "netcat", "nethogs", "netstat", "nginx", "nm", "nmap", "node", "nohup",
    "nox", "nsenter", "objcopy", "objdump", "ocaml", "octave", "od", "openssl", "openvpn",
    "pandoc", "patch", "pdflatex", "perf", "perl", "pgrep", "php", "ping", "ping6", "pkg-config",
    "pkill", "printf", "ps", "psql", "pwsh", "pytest", "python", "python2", "python3", "qemu",
    "readelf", "redis-cli", "rg", "route", "rpm", "rpmbuild", "ruby", "rustc", "rustfmt",
    "screen", "scrot", "sed", "sh", "sha256sum", "sha512sum", "sleep", "slirp4netns", "socat",
    "sort", "source", "sqlite3", "ss", "ssh", "sshd", "strace", "streamlit", "strings", "stty",
    "su", "sysctl", "systemd-analyze", "tail", "tar", "tclsh", "tee", "telnet", "time", "timeout",
    "tmux", "touch", "tox", "tr", "traceroute", "tree", "truncate", "tsc", "umvu", "uname",
    "uncompress", "unshare", "uvicorn", "valgrind", "vi", "vim", "virtualenv", "vumount", "watch",
    "wc", "whoami", "whois", "wireshark", "xargs", "xclock", "xelatex", "xz", "zip", "zsh",
    "zstd",
];

/// Names that mean a command only before a known word.
#[rustfmt::skip] // one entry is one program, not one line for each word
const SUBCOMMANDS: &[(&[&str], &[&str])] = &[
    (&["apt", "apt-get", "aptitude"], &[
        "install", "update", "upgrade", "remove", "purge", "search", "show", "build-dep",
        "dist-upgrade", "autoremove", "source", "list", "full-upgrade", "download",
    ]),
    (&["dnf", "yum", "zypper", "microdnf", "tdnf"], &[
        "install", "update", "upgrade", "remove", "search", "builddep", "groupinstall", "copr",
        "in", "config-manager", "module", "addrepo", "ar", "reinstall", "makecache",
    ]),
    (&["adb", "fastboot"], &[
        "shell", "install", "push", "pull", "devices", "logcat", "root", "forward", "reverse",
        "kill-server", "start-server", "tcpip", "connect", "reboot", "remount", "sideload",
        "flash", "boot", "flashing", "oem",
    ]),
    (&["brew"], &[
        "install", "tap", "update", "upgrade", "uninstall", "reinstall", "link", "unlink",
        "services", "cask", "info", "bundle", "search", "doctor", "list",
    ]),
    (&[
        "port", "snap", "flatpak", "choco", "scoop", "winget", "pkg", "pkgin", "opkg", "emerge",
        "eopkg", "xbps-install", "guix",
    ], &[
        "install", "update", "upgrade", "remove", "search", "connect", "run", "bucket", "add",
        "ins", "refresh",
    ]),
    (&[
        "pip", "pip3", "pipx", "pip2", "conda", "mamba", "micromamba", "uv", "poetry", "pdm",
        "pipenv", "hatch", "rye",
    ], &[
        "install", "uninstall", "list", "freeze", "download", "show", "wheel", "create",
        "activate", "env", "run", "sync", "add", "venv", "pip", "tool", "lock", "shell", "build",
        "publish", "init", "upgrade", "inject", "ensurepath", "update",
    ]),
    (&["npm", "pnpm", "yarn", "bun"], &[
        "install", "i", "run", "start", "test", "ci", "init", "publish", "link", "exec", "add",
        "build", "create", "global", "update", "uninstall", "remove", "dev", "login", "audit",
        "pack", "dlx", "lint", "serve", "watch", "config", "cache", "x",
    ]),
    (&["gem"], &["install", "uninstall", "update", "build", "push", "list", "sources"]),
    (&["bundle"], &["install", "exec", "update", "add", "config", "init"]),
    (&["cargo"], &[
        "install", "build", "run", "test", "add", "new", "init", "bench", "check", "clippy", "fmt",
        "doc", "publish", "update", "fetch", "clean", "binstall", "nextest", "fuzz", "miri",
        "tree", "uninstall", "expand", "b", "r", "t", "xtask", "generate", "search", "watch",
        "remove", "package", "metadata", "audit", "vendor", "fix", "deny", "rm",
    ]),
    (&["rustup"], &[
        "install", "update", "default", "target", "component", "toolchain", "override", "show",
        "run", "self", "doc",
    ]),
    (&["go"], &[
        "get", "install", "build", "run", "test", "mod", "generate", "vet", "fmt", "work", "clean",
        "tool",
    ]),
    (&["git"], &[
        "clone", "checkout", "submodule", "pull", "push", "fetch", "commit", "add", "init",
        "config", "remote", "rebase", "merge", "tag", "branch", "log", "diff", "apply", "am",
        "reset", "clean", "stash", "status", "cherry-pick", "worktree", "show", "switch",
        "restore", "rm", "mv", "describe", "bisect", "blame", "format-patch", "send-email", "lfs",
        "archive", "rev-parse", "ls-files", "subtree",
    ]),
    (&["hg", "svn", "bzr", "fossil"], &[
        "clone", "checkout", "co", "update", "up", "pull", "push", "commit", "branch", "open",
    ]),
    (&["gh"], &["repo", "pr", "release", "issue", "auth", "workflow", "run", "api", "extension"]),
    (&["docker", "podman", "nerdctl"], &[
        "run", "build", "pull", "push", "exec", "ps", "images", "compose", "rm", "rmi", "stop",
        "start", "logs", "network", "volume", "login", "tag", "buildx", "create", "inspect", "cp",
        "save", "load", "kill", "swarm", "service", "stack", "container", "image", "system", "pod",
        "machine", "restart", "unshare", "info", "attach", "commit", "import", "export", "history",
        "play", "generate", "kube", "node", "secret",
    ]),
    (&["docker-compose", "podman-compose"], &[
        "up", "down", "build", "run", "exec", "logs", "pull", "start", "stop", "ps", "restart",
    ]),
    (&["kubectl", "oc"], &[
        "apply", "get", "create", "delete", "describe", "logs", "exec", "port-forward", "rollout",
        "config", "run", "expose", "scale", "label", "patch", "edit", "proxy", "cluster-info",
        "annotate", "wait", "cp", "drain", "cordon", "uncordon", "taint", "set", "top", "attach",
        "debug", "kustomize", "krew", "replace",
    ]),
    (&["helm"], &[
        "install", "repo", "upgrade", "uninstall", "dependency", "template", "search", "pull",
        "list", "delete", "show", "lint", "package",
    ]),
    (&[
        "kind", "k3d", "minikube", "eksctl", "terraform", "vagrant", "ansible-galaxy", "multipass",
        "limactl", "colima", "skaffold", "pulumi", "packer",
    ], &[
        "create", "delete", "start", "stop", "apply", "init", "plan", "up", "ssh", "destroy",
        "load", "get", "cluster", "install", "collection", "launch", "shell", "addons", "image",
        "export", "build", "validate", "dashboard", "tunnel", "halt", "status", "list",
    ]),
    (&["make", "gmake", "ninja", "bmake", "colormake", "mingw32-make"], &[
        "", "install", "all", "test", "check", "clean", "build", "distclean", "uninstall", "run",
        "docs", "doc", "dev", "release", "debug", "lint", "fmt", "format", "html", "deps",
        "menuconfig", "defconfig", "dist", "deb", "rpm", "tests", "modules", "modules_install",
        "setup", "bench", "coverage", "vendor", "docker", "image", "binary", "binaries", "package",
        "deploy", "start", "stop", "up", "down", "world", "prepare", "generate", "static", "flash",
        "integration", "localintegration", "unittest", "validate", "man", "help", "examples",
        "manifests", "altinstall",
    ]),
    (&[
        "systemctl", "service", "rc-service", "sv", "initctl", "launchctl", "journalctl",
        "loginctl", "machinectl", "timedatectl", "hostnamectl",
    ], &[
        "start", "stop", "restart", "enable", "disable", "status", "daemon-reload", "reload",
        "mask", "unmask", "is-active", "load", "unload", "list", "shell", "enable-linger",
        "list-units", "cat", "edit", "show", "login",
    ]),
    (&[
        "ip", "bridge", "tc", "nft", "wg", "iw", "nmcli", "ovs-vsctl", "netplan", "ufw",
        "firewall-cmd", "genl",
    ], &[
        "addr", "address", "a", "link", "l", "route", "r", "neigh", "netns", "tuntap", "rule",
        "maddr", "tunnel", "xfrm", "monitor", "qdisc", "class", "filter", "add", "list", "flush",
        "delete", "genkey", "pubkey", "genpsk", "set", "show", "dev", "phy", "con", "connection",
        "device", "d", "c", "allow", "enable", "disable", "add-br", "add-port", "apply", "fdb",
        "vlan", "mdb", "token",
    ]),
    (&["zpool", "zfs", "btrfs", "lvm", "mdadm", "bcachefs"], &[
        "create", "destroy", "import", "export", "list", "status", "set", "get", "snapshot",
        "send", "receive", "recv", "mount", "unmount", "scrub", "add", "attach", "detach",
        "subvolume", "filesystem", "balance", "device", "rollback", "clone", "rename", "allow",
        "replace", "online", "offline", "clear", "upgrade", "hold", "release", "format",
    ]),
    (&[
        "lxc", "lxd", "incus", "runc", "umoci", "skopeo", "buildah", "ctr", "crictl", "cri-o",
        "apptainer", "singularity", "distrobox", "toolbox", "flatpak-spawn",
    ], &[
        "launch", "exec", "list", "init", "config", "create", "start", "stop", "delete", "run",
        "unpack", "repack", "copy", "inspect", "new", "raw", "from", "bud", "commit", "push",
        "pull", "mount", "unmount", "spec", "kill", "state", "checkpoint", "restore", "profile",
        "image", "images", "network", "storage", "file", "remote", "admin", "shell", "build",
        "login", "logout", "sync", "delete-tags", "list-tags", "rootless", "insert", "enter",
        "export", "import", "gc", "stat", "ls", "namespaces", "tag", "exec",
    ]),
    (&["borg", "restic", "rclone", "bup", "duplicity", "kopia", "rdiff-backup"], &[
        "init", "create", "list", "extract", "backup", "snapshots", "restore", "forget", "prune",
        "check", "mount", "config", "sync", "copy", "ls", "repo-create", "diff", "delete",
        "compact", "serve", "self-update", "stats",
    ]),
    (&["npx", "bunx", "pipx-run", "uvx"], &[]),
    (&[
        "heroku", "vercel", "netlify", "firebase", "gcloud", "az", "fly", "flyctl", "doctl",
        "serverless", "wrangler",
    ], &[
        "login", "create", "deploy", "init", "auth", "config", "container", "compute", "group",
        "launch", "apps", "builds", "run", "projects", "services", "components", "acr", "aks",
        "vm",
    ]),
    (&["composer"], &["install", "require", "update", "create-project", "global", "dump-autoload"]),
    (&["mix"], &[
        "deps.get", "test", "ecto.create", "ecto.migrate", "phx.server", "phx.new", "compile",
        "ecto.setup", "archive.install",
    ]),
    (&["rails", "rake", "bin/rails"], &[
        "new", "server", "generate", "g", "s", "db:create", "db:migrate", "console", "test",
        "spec",
    ]),
    (&[
        "stack", "cabal", "opam", "dune", "nimble", "zig", "dub", "swift", "sbt", "mvn", "gradle",
        "ant", "lein", "bazel", "scons", "waf", "xmake", "conan", "vcpkg", "elm", "dotnet",
        "luarocks", "cpanm", "cpan", "raco", "quicklisp", "shards", "crystal", "dart", "flutter",
        "gleam", "rebar3", "nix", "nix-env", "nix-shell", "nix-build", "pio", "platformio", "west",
        "idf.py", "arduino-cli",
    ], &[
        "install", "build", "test", "run", "update", "init", "setup", "package", "clean",
        "compile", "new", "exec", "switch", "pin", "add", "develop", "shell", "flash", "monitor",
        "tool", "restore", "publish", "create", "pub", "doctor", "assembly", "verify", "deploy",
        "uberjar", "menuconfig", "upload", "build-exe", "user-install", "profile", "menuconfig",
        "set-target", "get", "repl",
    ]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_program_stands_in_two_tables() {
        let several: usize = SUBCOMMANDS.iter().map(|(names, _)| names.len()).sum();
        assert_eq!(PROOFS.len(), NAMES.len() + ARGUMENTS.len() + several);
    }
}
