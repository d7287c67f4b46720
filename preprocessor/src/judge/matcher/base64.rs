//! `{{base64}}`.

use super::{Argument, Matcher};

pub(super) const MATCHER: Matcher = Matcher {
    name: "base64",
    doc: "Sixteen characters of base64 or more: a key, a fingerprint.",
    regex: r"[A-Za-z0-9+/_-]{16,}={0,2}",
    accepts: None,
    argument: Argument::Binding,
    examples: &[
        "AAAAC3NzaC1lZDI1NTE5AAAAIIAeUQAvDyVOulnayRFKYn+0t95jj5DOwUPNiPogeUIH",
        "ry4OPq1z1b6hSdKHC7fVI8YLP/WIxt6plP+DXcSB4TU",
        "aGVsbG8gd29ybGQhIQ==",
    ],
    not: &["c2hvcnQ=", "not base64 at all", ""],
};
