//! Where packages come from: the archive that book.toml names, else the machine's own.
//!
//! In: /etc/apt's sources, one-line and deb822, and the proxies that apt and the environment name. Out: one archive for
//! any suite. Its address is for apt alone: it is in no message, no file that is kept, and in keys only as a hash.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where apt looks. The order is apt's.
const LIST: &str = "/etc/apt/sources.list";
const PARTS: &str = "/etc/apt/sources.list.d";

/// The keys of Debian's archive, where a mirror of book.toml says nothing about keys.
const KEYRINGS: [&str; 2] = [
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
];

/// What apt has to know of the way to a mirror. Everything else of the machine's configuration stays the machine's.
const ACQUIRE: [&str; 12] = [
    "acquire::http::",
    "acquire::https::",
    "acquire::ftp::",
    "acquire::proxy",
    "acquire::check-valid-until",
    "acquire::check-date",
    "acquire::max-validtime",
    "acquire::max-futuretime",
    "acquire::min-validtime",
    "acquire::retries",
    "acquire::forceipv4",
    "acquire::forceipv6",
];

/// The environment that apt's transports look at.
const PROXIES: [&str; 8] = [
    "http_proxy",
    "https_proxy",
    "ftp_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
];

/// Which archive systems are made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    mirror: Option<String>,
}

/// An archive of Debian's, for any suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Archive {
    uri: String,
    components: Vec<String>,
    keys: Keys,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Keys {
    /// Whatever apt trusts.
    Default,
    /// A file, or fingerprints.
    SignedBy(String),
    /// The key itself, as deb822 can have it.
    Inline(String),
}

impl Sources {
    /// The mirror that book.toml names, or the machine's own archive.
    pub fn new(mirror: Option<&str>) -> Self {
        Self {
            mirror: mirror.map(str::to_owned),
        }
    }

    /// The archive; `None` when the machine has none of Debian's.
    pub(super) fn archive(&self) -> Option<Archive> {
        match &self.mirror {
            Some(uri) => Some(Archive {
                uri: uri.clone(),
                components: vec!["main".to_owned()],
                keys: keyring(),
            }),
            None => source_files().into_iter().find_map(|path| {
                let text = fs::read_to_string(&path).ok()?;
                first_of_debian(&path, &text)
            }),
        }
    }
}

impl Archive {
    /// For keys of the cache: the same archive, the same text.
    pub(super) fn identity(&self) -> String {
        format!("{} {} {:?}", self.uri, self.components.join(" "), self.keys)
    }

    /// A line of sources.list. `keys` is where an inline key is written to.
    pub(super) fn line(&self, kind: &str, suite: &str, keys: &str) -> String {
        let signed_by = match &self.keys {
            Keys::Default => String::new(),
            Keys::SignedBy(whom) => format!("[signed-by={whom}] "),
            Keys::Inline(_) => format!("[signed-by={keys}] "),
        };
        let components = self.components.join(" ");
        format!("{kind} {signed_by}{} {suite} {components}", self.uri)
    }

    /// The key that has to be in a file.
    pub(super) fn inline_key(&self) -> &str {
        match &self.keys {
            Keys::Inline(key) => key,
            Keys::Default | Keys::SignedBy(_) => "",
        }
    }

    /// The text without the archive's address, and without any other.
    pub(super) fn without_address(&self, text: &str) -> String {
        let text = text.split(" [IP: ").next().unwrap_or_default();
        let host = self.uri.split("//").nth(1).unwrap_or_default();
        let host = host.split('/').next().unwrap_or_default();
        let words = text.split(' ').map(|word| {
            if word.contains("://") || (!host.is_empty() && word.contains(host)) {
                "the-mirror"
            } else {
                word
            }
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

fn keyring() -> Keys {
    let found = KEYRINGS.into_iter().find(|path| Path::new(path).exists());
    found.map_or(Keys::Default, |path| Keys::SignedBy(path.to_owned()))
}

fn source_files() -> Vec<PathBuf> {
    let entries = fs::read_dir(PARTS).into_iter().flatten().flatten();
    let mut parts: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    parts.sort();
    let is_source = |path: &PathBuf| {
        let extension = path.extension().unwrap_or_default();
        extension == "list" || extension == "sources"
    };
    let parts = parts.into_iter().filter(is_source);
    std::iter::once(LIST.into()).chain(parts).collect()
}

fn first_of_debian(path: &Path, text: &str) -> Option<Archive> {
    if path
        .extension()
        .is_some_and(|extension| extension == "sources")
    {
        text.split("\n\n").find_map(of_stanza)
    } else {
        text.lines().find_map(of_line)
    }
}

/// `deb [signed-by=/usr/share/keyrings/x.gpg] http://mirror/debian trixie main`
fn of_line(line: &str) -> Option<Archive> {
    let rest = line.trim().strip_prefix("deb")?;
    let rest = rest.starts_with([' ', '\t']).then(|| rest.trim())?;
    let (options, rest) = match rest.strip_prefix('[') {
        Some(inner) => inner.split_once(']')?,
        None => ("", rest),
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let mut words = rest.split_whitespace();
    let (uri, suite) = (words.next()?, words.next()?);
    let mut options = options.split_whitespace();
    let signed_by = options.find_map(|option| option.strip_prefix("signed-by="));
    debian(
        uri,
        &[suite],
        words.collect(),
        signed_by.unwrap_or_default(),
    )
}

/// A stanza of deb822; `Signed-By` may hold a whole key.
fn of_stanza(stanza: &str) -> Option<Archive> {
    let fields = fields(stanza);
    let field = |name: &str| fields.get(name).map_or("", String::as_str);
    if field("enabled") == "no" || !field("types").split_whitespace().any(|kind| kind == "deb") {
        return None;
    }
    let uri = field("uris").split_whitespace().next()?;
    let suites: Vec<&str> = field("suites").split_whitespace().collect();
    let components = field("components").split_whitespace().collect();
    debian(uri, &suites, components, field("signed-by"))
}

fn fields(stanza: &str) -> BTreeMap<String, String> {
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    let mut current = String::new();
    for line in stanza.lines().filter(|line| !line.starts_with('#')) {
        if line.starts_with([' ', '\t']) {
            let value = fields.entry(current.clone()).or_default();
            value.push('\n');
            // deb822's way to write an empty line.
            value.push_str(line.trim().strip_prefix('.').unwrap_or(line.trim()));
        } else if let Some((name, value)) = line.split_once(':') {
            current = name.trim().to_ascii_lowercase();
            fields.insert(current.clone(), value.trim().to_owned());
        }
    }
    fields
}

/// Told by the folder that every mirror of Debian's ends in, or by the keys. Not the security archive, which has other
/// suites.
fn debian(uri: &str, suites: &[&str], components: Vec<&str>, signed_by: &str) -> Option<Archive> {
    let folder = uri.trim_end_matches('/').rsplit('/').next()?;
    let folder = folder.trim_end_matches(".list"); // mirror+file:/etc/apt/mirrors/debian.list
    let by_keys = signed_by.contains("debian-archive-keyring") && !folder.contains("security");
    let whole = suites.iter().any(|suite| !suite.contains(['-', '/']));
    if !(folder == "debian" || by_keys) || !whole || !components.contains(&"main") {
        return None;
    }
    Some(Archive {
        uri: uri.to_owned(),
        components: components.into_iter().map(str::to_owned).collect(),
        keys: match signed_by.trim() {
            "" => Keys::Default,
            key if key.starts_with("-----BEGIN") => Keys::Inline(key.to_owned()),
            // deb822 separates by spaces, a line of sources.list by commas.
            whom => Keys::SignedBy(whom.split_whitespace().collect::<Vec<_>>().join(",")),
        },
    })
}

/// Lines of apt.conf for the way to the mirror, as the machine's apt has them.
pub(super) fn apt_configuration() -> String {
    let dump = Command::new("apt-config")
        .arg("dump")
        .stdin(Stdio::null())
        .output();
    let dump = dump.map(|output| output.stdout).unwrap_or_default();
    let dump = String::from_utf8_lossy(&dump);
    let lines = dump.lines().filter(|line| {
        let line = line.to_ascii_lowercase();
        ACQUIRE.iter().any(|key| line.starts_with(key)) && !line.ends_with(" \"\";")
    });
    lines.map(|line| format!("{line}\n")).collect()
}

/// The proxies of the environment.
pub(super) fn proxies() -> BTreeMap<String, String> {
    let set = PROXIES
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)));
    set.collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Archive, first_of_debian};

    fn list(text: &str) -> Option<Archive> {
        first_of_debian(Path::new("a.list"), text)
    }

    fn deb822(text: &str) -> Option<Archive> {
        first_of_debian(Path::new("a.sources"), text)
    }

    #[test]
    fn the_first_archive_of_debian_s_gives_the_line_for_any_suite() {
        let archive = list(
            "# deb http://old.example/debian buster main\n\
             deb https://apt.example/tool stable main\n\
             deb http://m.example/debian-security bookworm-security main\n\
             deb [arch=amd64 signed-by=/k.gpg] http://m.example/debian/ bookworm main contrib # ours\n",
        );
        assert_eq!(
            archive.unwrap().line("deb-src", "trixie", ""),
            "deb-src [signed-by=/k.gpg] http://m.example/debian/ trixie main contrib"
        );
    }

    #[test]
    fn deb822_is_read_with_comments_and_a_key_of_its_own() {
        let archive = deb822(
            "Types: deb\nURIs: http://m.example/debian-security\nSuites: bookworm-security\nComponents: main\n\n\
             Types: deb deb-src\n# a comment\nURIs: http://m.example/debian\nSuites: bookworm bookworm-updates\n\
             Components: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n -----END PGP PUBLIC KEY BLOCK-----\n",
        )
        .unwrap();
        assert_eq!(
            archive.line("deb", "sid", "/key.asc"),
            "deb [signed-by=/key.asc] http://m.example/debian sid main"
        );
        assert!(archive.inline_key().contains("-----\n\nabc\n-----END"));
    }

    #[test]
    fn an_archive_that_is_off_or_another_distribution_s_is_none() {
        assert_eq!(
            deb822(
                "Types: deb\nEnabled: no\nURIs: http://m.example/debian\nSuites: sid\nComponents: main\n"
            ),
            None
        );
        assert_eq!(
            list("deb http://m.example/ubuntu noble main universe\n"),
            None
        );
        assert_eq!(list("deb-src http://m.example/debian sid main\n"), None);
    }

    #[test]
    fn a_message_does_not_name_the_mirror() {
        let archive = list("deb http://m.example/debian sid main\n").unwrap();
        assert_eq!(
            archive.without_address("E: Failed to fetch http://m.example/x 404 [IP: m.example:80]"),
            "E: Failed to fetch the-mirror 404"
        );
    }
}
