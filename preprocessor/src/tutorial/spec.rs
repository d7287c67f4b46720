//! `tutorials/NAME.yaml` as it was written.
//!
//! In: the text of a spec and of the files that it includes. Out: every key with its place, included steps put where
//! they were included, or all that is wrong. Not here: whether it fits together and fits upstream (`resolve/`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::keys::{Named, Problems, Read, Spanned, keys};
use super::model::{Matching, Permission, Show};
use super::values::{
    BlockKind, ConditionSpec, DialogKeys, Exit, Keys, Lines, OpensSpec, Pattern, ReplaceKeys,
    RetryKeys, Size, Time, WhenKeys,
};
use super::yaml::{self, Node, Value};
use crate::diagnostic::{Diagnostic, SourceFile};

/// A spec with its name and its file.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The tutorial's name.
    pub name: String,
    /// The text, for messages.
    pub file: Arc<SourceFile>,
    /// What was written, included steps in place.
    pub keys: SpecKeys,
    /// What is wrong with it already; [`super::resolve`] says it together with what it finds itself.
    pub(crate) wrong: Vec<Diagnostic>,
}

keys! {
    /// A tutorial that proves itself.
    "a tutorial"
    struct SpecKeys {
        /// The title, plain text.
        #[schemars(required)]
        "title" => title: String,
        /// One or two sentences of markdown, for overviews.
        "summary" => summary: String,
        /// What upstream's authors should be told, markdown: for `export --to upstream-notes`, not for the page.
        "upstream-note" => upstream_note: String,
        /// The markdown file that `block:` takes commands from.
        "upstream" => upstream: UpstreamKeys,
        /// The hosts of the lab; default: one, `localhost`, made of the machine's own /usr.
        "hosts" => hosts: Named<HostSpec>,
        /// Addresses of the hosts, with prefix length; default: made up.
        "network" => network: Named<Spanned<String>>,
        /// The terminals; the first is the default, their order is that of the page.
        "terminals" => terminals: TerminalsSpec,
        /// Steps that run first, folded away on the page.
        "setup" => setup: Vec<Spanned<StepKeys>>,
        /// The tutorial itself. Without it, an annotated README is run from top to bottom.
        "steps" => steps: Vec<Spanned<StepKeys>>,
        /// Steps that run last, also after a failure or ^C.
        "cleanup" => cleanup: Vec<Spanned<StepKeys>>,
        /// Upstream commands that no tutorial uses, each with its reason.
        "not-run" => not_run: Vec<Spanned<NotRunKeys>>,
        /// Bounds of the lab.
        "limits" => limits: LimitsKeys,
        /// How long setup and steps may take together; default: as long as each of them may. Cleanup has its own time.
        "timeout" => timeout: Time,
        /// What else it takes from outside.
        "inputs" => inputs: Vec<Spanned<InputKeys>>,
    }
}

keys! {
    /// A markdown file at a commit.
    "`upstream`"
    struct UpstreamKeys {
        /// `owner/repo` on GitHub.
        "github" => github: String,
        /// The URL of any other git repository.
        "git" => git: String,
        /// The full commit id, 40 hex digits.
        #[schemars(required)]
        "commit" => commit: String,
        /// The file's path in the repository; default `README.md`.
        "file" => file: String,
        /// Sha256 of that file, 64 lower-case hex digits.
        #[schemars(required)]
        "sha256" => sha256: String,
    }
}

keys! {
    /// A host of the lab.
    "a host"
    struct HostKeys {
        /// The Debian suite it is made of; default: the machine's own /usr.
        "debian" => debian: String,
        /// Debian packages that must be there.
        "packages" => packages: Vec<Spanned<String>>,
        /// Programs that must be there, for a host made of the machine.
        "programs" => programs: Vec<Spanned<String>>,
        /// Permissions that its steps ask for.
        "needs" => needs: Vec<Permission>,
        /// Further names of it.
        "names" => names: Vec<Spanned<String>>,
        /// Whose shell its terminals run: `user` (default) or `root`.
        "user" => user: String,
        /// Whether upstream's tree at the commit is the first working directory.
        "checkout" => checkout: bool,
    }
}

/// `machine`, or the keys of a host.
#[derive(Clone, Debug, Default)]
pub struct HostSpec(pub HostKeys);

keys! {
    /// A terminal.
    "a terminal"
    struct TerminalKeys {
        /// The host it is on; default: the first.
        "host" => host: String,
        /// What the page calls it; default: its name.
        "title" => title: String,
    }
}

/// A title, or the keys of a terminal.
#[derive(Clone, Debug, Default)]
pub struct TerminalSpec(pub TerminalKeys);

/// A mapping of terminals, or a list of their names.
#[derive(Clone, Debug, Default)]
pub struct TerminalsSpec(pub Named<TerminalSpec>);

keys! {
    /// A step: exactly one of `run`, `block`, `file`, `press`, `wait`, `closes`, `include`, and what goes with it.
    #[schemars(extend("oneOf" = [
        {"required": ["run"]}, {"required": ["block"]}, {"required": ["file"]}, {"required": ["press"]},
        {"required": ["wait"]}, {"required": ["closes"]}, {"required": ["include"]},
    ]))]
    "a step"
    struct StepKeys {
        /// A name for it, unique in the tutorial: lower case letters, digits, `-`, `_`.
        "id" => id: String,
        /// Its heading on the page, plain text.
        "title" => title: String,
        /// Prose before it, markdown.
        "text" => text: String,
        /// What upstream's authors should be told of it, markdown: for `export --to upstream-notes`, not for the page.
        "upstream-note" => upstream_note: String,
        /// The terminal it happens in; default: the first.
        "terminal" => terminal: String,
        /// Lines to type, one command after another.
        "run" => run: String,
        /// A block of the upstream file, whose commands are typed: `HEADING#N`.
        "block" => block: String,
        /// The commands of the block that are taken, counted from 1: `2`, `2-3`, `4-`, `1,3`.
        "lines" => lines: Lines,
        /// What is replaced in the block's commands: `{old: new}`. The page says so.
        "with" => with: Named<Spanned<String>>,
        /// What the block is taken for, whatever the lexer thinks.
        "as" => r#as: BlockKind,
        /// A file to write or edit.
        "file" => file: String,
        /// All that the file holds afterwards.
        "content" => content: String,
        /// What comes behind all that the file holds.
        "append" => append: String,
        /// Replacements in the file, in order.
        "replace" => replace: Vec<ReplaceKeys>,
        /// Keys to press: `C-c`, `Enter`, `Up`, …
        "press" => press: Keys,
        /// What to wait for.
        "wait" => wait: ConditionSpec,
        /// The terminal whose nested shell (or which itself, when there is none) is left.
        "closes" => closes: String,
        /// A file below `tutorials/` with a list of steps that come here.
        "include" => include: String,
        /// How long the step may take; default 30s.
        "timeout" => timeout: Time,
        /// The exit status of the last command; default 0.
        "exit" => exit: Exit,
        /// What the output must be: lines with `{{mac}}`, `{{ipv4:name}}`, `{{re:…}}`, `...`.
        "expect" => expect: String,
        /// How output is compared.
        "match" => r#match: Matching,
        /// What the last command starts that takes commands in its turn.
        "opens" => opens: OpensSpec,
        /// Whether the last command goes on while the next steps run.
        "background" => background: bool,
        /// When a background command is ready.
        "ready" => ready: ConditionSpec,
        /// When a program that never ends has shown enough.
        "until" => until: ConditionSpec,
        /// The keys that then end it; default `C-c`.
        "then" => then: Keys,
        /// Repeats the command until it exits as expected.
        "retry" => retry: RetryKeys,
        /// Questions that the last command asks, and the answers.
        "dialog" => dialog: Vec<DialogKeys>,
        /// Values for `{{=NAME}}` in later steps: the pattern's first group in this step's output.
        "capture" => capture: Named<Spanned<Pattern>>,
        /// What of it the page shows.
        "show" => show: Show,
        /// Where it applies; elsewhere it is passed over.
        "when" => when: WhenKeys,
    }
}

keys! {
    /// Upstream commands that are not run.
    "an entry of `not-run`"
    struct NotRunKeys {
        /// The block.
        "block" => block: String,
        /// All that is left.
        "rest" => rest: bool,
        /// The reason, shown on the page.
        #[schemars(required)]
        "why" => why: String,
    }
}

keys! {
    /// Bounds of the lab.
    "`limits`"
    struct LimitsKeys {
        /// Memory; default 2G.
        "memory" => memory: Size,
        /// Processes and threads; default 512.
        "pids" => pids: u64,
        /// What may be written; default 4G.
        "disk" => disk: Size,
    }
}

keys! {
    /// Something that a tutorial takes from outside: a file (`url`, `sha256`) or a repository's tree (`git`, `commit`).
    "an input"
    struct InputKeys {
        /// A file's URL.
        "url" => url: String,
        /// Its sha256.
        "sha256" => sha256: String,
        /// A git repository's URL.
        "git" => git: String,
        /// Its commit.
        "commit" => commit: String,
        /// Where it is put: absolute, or relative to the home of `user`.
        #[schemars(required)]
        "path" => path: String,
        /// The host it is put on; default: the first.
        "host" => host: String,
    }
}

impl schemars::JsonSchema for HostSpec {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Host".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"oneOf": [{"const": "machine"}, generator.subschema_for::<HostKeys>()]})
    }
}

impl Read for HostSpec {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Text(word) if word == "machine" => Some(Self::default()),
            Value::Map(_) => HostKeys::read(node, problems).map(Self),
            _ => {
                problems.wrong_type(
                    node,
                    "`machine` or the keys of a host, like `{debian: trixie}`,",
                );
                None
            }
        }
    }
}

impl schemars::JsonSchema for TerminalSpec {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Terminal".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"oneOf": [{"type": "string"}, generator.subschema_for::<TerminalKeys>()]})
    }
}

impl Read for TerminalSpec {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Null => Some(Self::default()),
            Value::Map(_) => TerminalKeys::read(node, problems).map(Self),
            _ => {
                let title = Spanned::read(node, problems)?;
                Some(Self(TerminalKeys {
                    title: Some(title),
                    ..TerminalKeys::default()
                }))
            }
        }
    }
}

impl schemars::JsonSchema for TerminalsSpec {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Terminals".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"oneOf": [
            {"type": "array", "items": {"type": "string"}},
            generator.subschema_for::<Named<TerminalSpec>>(),
        ]})
    }
}

impl Read for TerminalsSpec {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        if let Value::List(_) = node.value {
            let names: Vec<Spanned<String>> = Vec::read(node, problems)?;
            let named = names
                .into_iter()
                .map(|name| (name, TerminalSpec::default()));
            return Some(Self(Named(named.collect())));
        }
        Named::read(node, problems).map(Self)
    }
}

/// Reads the files that a spec includes; gets a path relative to `tutorials/` that does not leave it.
pub type ReadInclude<'a> = &'a dyn Fn(&Path) -> std::io::Result<SourceFile>;

impl Spec {
    /// Reads a spec and what it includes. Keys that are wrong are left out, and said by [`super::resolve`].
    /// # Errors
    /// When it is no YAML, or no mapping.
    pub fn parse(
        name: &str,
        file: SourceFile,
        include: ReadInclude<'_>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let file = Arc::new(file);
        let root = yaml::parse(&file).map_err(|error| vec![error])?;
        let mut problems = Problems::default();
        let mut keys = SpecKeys::read(&root, &mut problems);
        if let Some(keys) = &mut keys {
            let mut includes = Includes {
                read: include,
                stack: Vec::new(),
            };
            for list in [&mut keys.setup, &mut keys.steps, &mut keys.cleanup]
                .into_iter()
                .flatten()
            {
                let steps = std::mem::take(&mut list.value);
                list.value = includes.expand(steps, &mut problems);
            }
        }
        let wrong = problems.into_sorted();
        match keys {
            Some(keys) => Ok(Self {
                name: name.to_owned(),
                file,
                keys,
                wrong,
            }),
            None => Err(wrong),
        }
    }
}

struct Includes<'a> {
    read: ReadInclude<'a>,
    /// The files that are being included, outermost first.
    stack: Vec<PathBuf>,
}

impl Includes<'_> {
    fn expand(
        &mut self,
        steps: Vec<Spanned<StepKeys>>,
        problems: &mut Problems,
    ) -> Vec<Spanned<StepKeys>> {
        let mut expanded = Vec::new();
        for step in steps {
            match &step.value.include {
                Some(path) if step.value.action_keys().len() == 1 => {
                    expanded.extend(self.included(&path.clone(), problems).unwrap_or_default());
                }
                _ => expanded.push(step),
            }
        }
        expanded
    }

    fn included(
        &mut self,
        path: &Spanned<String>,
        problems: &mut Problems,
    ) -> Option<Vec<Spanned<StepKeys>>> {
        let relative = match inside(&path.value) {
            Some(relative) => relative,
            None => {
                problems.push(
                    Diagnostic::error("path-escapes", format!("`{}` leads out of tutorials/", path.value))
                        .at(path.span.clone(), "")
                        .help("included files stand below tutorials/, named without `../` and not from the root"),
                );
                return None;
            }
        };
        if self.stack.contains(&relative) {
            problems.push(
                Diagnostic::error("include-cycle", format!("`{}` includes itself", path.value))
                    .at(path.span.clone(), ""),
            );
            return None;
        }
        let file = match (self.read)(&relative) {
            Ok(file) => Arc::new(file),
            Err(error) => {
                problems.push(
                    Diagnostic::error(
                        "include",
                        format!("`{}` can't be included: {error}", path.value),
                    )
                    .at(path.span.clone(), ""),
                );
                return None;
            }
        };
        let root = match yaml::parse(&file) {
            Ok(root) => root,
            Err(error) => {
                problems.push(error);
                return None;
            }
        };
        let Value::List(_) = root.value else {
            problems.wrong_type(&root, "a list of steps");
            return None;
        };
        let steps = Vec::read(&root, problems)?;
        self.stack.push(relative);
        let steps = self.expand(steps, problems);
        self.stack.pop();
        Some(steps)
    }
}

/// The path, if it does not lead out of the folder that it is relative to.
pub(crate) fn inside(path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            std::path::Component::Normal(name) => clean.push(name),
            std::path::Component::CurDir => {}
            _ => return None,
        }
    }
    (!clean.as_os_str().is_empty()).then_some(clean)
}

/// The keys that say what a step does.
pub(crate) const ACTIONS: &[&str] = &["run", "block", "file", "press", "wait", "closes", "include"];

impl StepKeys {
    /// The actions that it has: right is exactly one.
    pub(crate) fn action_keys(&self) -> Vec<(&'static str, crate::diagnostic::Span)> {
        let written = self.written.iter();
        written
            .filter(|(key, _)| ACTIONS.contains(key))
            .cloned()
            .collect()
    }
}
