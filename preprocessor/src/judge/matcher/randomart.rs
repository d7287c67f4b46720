//! `{{randomart}}`.

use super::{Argument, Matcher};

pub(super) const MATCHER: Matcher = Matcher {
    name: "randomart",
    doc: "A line of the picture that `ssh-keygen` draws of a key, without its edges: 17 characters.",
    regex: r"[ .o+=*BOX@%&#/^SE]{17}",
    accepts: None,
    argument: Argument::Binding,
    examples: &["      o*B*   ..+.", "    .   S .    .o"],
    not: &["", "..+.", "-[ED25519 256]--+"],
};
