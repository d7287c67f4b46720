//! Names of keys → the bytes that a terminal sends for them.

/// All of `keys`, in order. A name that is none of a key is typed as it stands.
pub(super) fn bytes(keys: &[String], application: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    for key in keys {
        key_bytes(key, application, &mut bytes);
    }
    bytes
}

fn key_bytes(key: &str, application: bool, bytes: &mut Vec<u8>) {
    if let Some(letter) = key.strip_prefix("C-").and_then(control) {
        bytes.push(letter);
        return;
    }
    if let Some(rest) = key.strip_prefix("M-").filter(|rest| !rest.is_empty()) {
        bytes.push(0x1b);
        return key_bytes(rest, application, bytes);
    }
    let arrow = if application { "\x1bO" } else { "\x1b[" };
    let sequence = match key {
        "Enter" | "Return" => "\r",
        "Tab" => "\t",
        "Esc" | "Escape" => "\x1b",
        "Space" => " ",
        "Backspace" => "\x7f",
        "Delete" => "\x1b[3~",
        "Insert" => "\x1b[2~",
        "PageUp" => "\x1b[5~",
        "PageDown" => "\x1b[6~",
        "F1" => "\x1bOP",
        "F2" => "\x1bOQ",
        "F3" => "\x1bOR",
        "F4" => "\x1bOS",
        "F5" => "\x1b[15~",
        "F6" => "\x1b[17~",
        "F7" => "\x1b[18~",
        "F8" => "\x1b[19~",
        "F9" => "\x1b[20~",
        "F10" => "\x1b[21~",
        "F11" => "\x1b[23~",
        "F12" => "\x1b[24~",
        "Up" | "Down" | "Right" | "Left" | "Home" | "End" => {
            bytes.extend(arrow.as_bytes());
            bytes.push(match key {
                "Up" => b'A',
                "Down" => b'B',
                "Right" => b'C',
                "Left" => b'D',
                "End" => b'F',
                _ => b'H',
            });
            return;
        }
        text => text,
    };
    bytes.extend(sequence.as_bytes());
}

/// `C-c` is 3, `C-[` is Escape, `C-?` is Delete.
fn control(name: &str) -> Option<u8> {
    match name.as_bytes() {
        [b'?'] => Some(0x7f),
        [letter @ (b'@'..=b'_' | b'a'..=b'z')] => Some(letter.to_ascii_uppercase() ^ 0x40),
        _ => (name == "Space").then_some(0),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_what_a_terminal_sends() {
        let keys = ["C-c", "C-\\", "Enter", "Up", "M-x", "q"].map(str::to_owned);
        assert_eq!(super::bytes(&keys, false), b"\x03\x1c\r\x1b[A\x1bxq");
        assert_eq!(super::bytes(&keys[3..4], true), b"\x1bOA");
    }
}
