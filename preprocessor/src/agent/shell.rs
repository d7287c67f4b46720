//! Shell integration: the line that is typed into a shell so that it speaks in markers (`marks.rs`).
//!
//! One line for every shell that can be expected, so nobody has to know beforehand which one answers: bash, dash,
//! busybox ash. bash gets `PS0` too, and its prompts are put back before each prompt by an element of
//! `PROMPT_COMMAND` that an ordinary `PROMPT_COMMAND=…` of a tutorial does not replace (bash 5.1; before, the prompts
//! alone do). bash reads that element anew at each prompt, so it is short and takes the prompts out of variables: written
//! out they took 6 µs more of a step's 70.

/// A terminal that hands on whole lines takes no longer ones (N_TTY_BUF_SIZE is 4096), and cuts what is longer.
const LONGEST_LINE: usize = 4000;
/// busybox ash reads 1023 bytes at once, and shows its prompt again for the rest of a longer line. dash can't be told
/// from it.
const LONGEST_LINE_POSIX: usize = 1000;

/// Types the markers of shell number `shell` into a new shell. With `remote`, its terminal may not be ours (ssh), and
/// echo is turned off there.
pub(super) fn integration(nonce: &str, shell: u32, remote: bool) -> String {
    let mark = format!("]7717;{nonce};{shell}");
    // No line editing: it would redraw what is typed. No history expansion: `!` is typed as it is meant.
    let bash = format!(
        "set +o emacs +o vi +o history +H;unset HISTFILE MAILCHECK PROMPT_COMMAND;{};\
         PROMPT_COMMAND[9]='{PROMPTS}';{PROMPTS}",
        prompts(&mark)
    );
    let posix = format!(
        "PS1=\"$(printf '\\033{mark};p;')\\$?$(printf '\\007')\" PS2=\"$(printf '\\033{mark};m\\007')\""
    );
    let echo = if remote {
        "stty -echo 2>/dev/null;"
    } else {
        ""
    };
    format!("{echo}if [ \"$BASH_VERSION\" ];then {bash};else {posix};fi\n")
}

/// What sets bash's prompts. A `set -x` shows it: lines with the nonce are no output (`terminal.rs`).
const PROMPTS: &str = "PS0=$_twin_ps0 PS1=$_twin_ps1 PS2=$_twin_ps2";

/// As [`integration`], for a shell whose standard error, where prompts go, is not the terminal (`exec 2>log`): its prompts
/// are empty, and to make them is what writes the markers. Each takes a process.
pub(super) fn integration_aside(nonce: &str, shell: u32) -> String {
    let says =
        |says: &str| format!("'$(printf \"\\033]7717;{nonce};{shell};{says}\\007\" >/dev/tty)'");
    let (start, more, prompt) = (says("S"), says("M"), says("P;$?"));
    let (more_posix, prompt_posix) = (says("m"), says("p;$?"));
    format!(
        "if [ \"$BASH_VERSION\" ];then _twin_ps0={start} _twin_ps1={prompt} _twin_ps2={more};\
         PROMPT_COMMAND[9]='{PROMPTS}';{PROMPTS};else PS1={prompt_posix} PS2={more_posix};fi\n"
    )
}

/// Where it takes them from.
fn prompts(mark: &str) -> String {
    format!(
        "_twin_ps0=\"\\e{mark};S\\a\" _twin_ps1=\"\\e{mark};P;\\$?\\a\" _twin_ps2=\"\\e{mark};M\\a\""
    )
}

/// Typed before a command that may leave a DEBUG trap behind: its output for our own command is thrown away. Not for
/// every command, since the redirections cost a quarter of a step.
pub(super) fn hush() -> String {
    format!("PROMPT_COMMAND[9]='{{ {PROMPTS}; }} >/dev/null 2>&1'")
}

/// What makes a shell's terminal echo what is typed, or not. `$?` stays that of the command before.
pub(super) fn echo(on: bool) -> &'static str {
    match on {
        true => "(_twin_s=$?;stty echo 2>/dev/null;exit $_twin_s)",
        false => "(_twin_s=$?;stty -echo 2>/dev/null;exit $_twin_s)",
    }
}

/// A random name that no output contains by accident.
pub(super) fn nonce() -> String {
    let mut bytes = [0_u8; 8];
    if let Ok(mut random) = std::fs::File::open("/dev/urandom") {
        let _ = std::io::Read::read_exact(&mut random, &mut bytes);
    }
    // Where there is no /dev/urandom, what differs between two terminals is enough against accident.
    let time = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos() as u64);
    format!("{:016x}", u64::from_ne_bytes(bytes) ^ time)
}

/// The commands that are typed for one with lines that are too long: it is put together in a variable. Whose terminal
/// it is (ssh's, LXC's) makes no difference. `None` where it can be typed as it is.
pub(super) fn in_pieces(text: &str, posix: bool) -> Option<Vec<String>> {
    let longest = match posix {
        true => LONGEST_LINE_POSIX,
        false => LONGEST_LINE,
    };
    let is_long = |line: &str| line.len() > longest || typed_line(line).len() > longest;
    if text.len() <= longest / 2 || !text.split('\n').any(is_long) {
        return None;
    }
    let begin = "_twin_n=$(printf '\\n.') _twin_c=;_twin_n=${_twin_n%.}".to_owned();
    let mut pieces = vec![begin];
    let mut piece = String::new();
    let mut room = longest;
    for character in text.chars() {
        let quoted = match character {
            '\'' => "'\\''".to_owned(),
            '\n' => "'$_twin_n'".to_owned(),
            other => other.to_string(),
        };
        // As it is typed, and what stands around a piece.
        let size = typed_line(&quoted).len() - 1;
        if room < size + "_twin_c=$_twin_c''\n".len() {
            pieces.push(format!("_twin_c=$_twin_c'{piece}'"));
            piece.clear();
            room = longest;
        }
        room -= size;
        piece.push_str(&quoted);
    }
    pieces.push(format!("_twin_c=$_twin_c'{piece}'"));
    pieces.push("eval \"$_twin_c\"".to_owned());
    Some(pieces)
}

/// What is typed for one line of a command: its bytes, control characters quoted by ^V so that the terminal does not
/// act on them.
pub(super) fn typed_line(line: &str) -> Vec<u8> {
    const LITERAL_NEXT: u8 = 0x16;
    let mut typed = Vec::with_capacity(line.len() + 1);
    for byte in line.bytes() {
        if (byte < 0x20 && byte != b'\t') || byte == 0x7f {
            typed.push(LITERAL_NEXT);
        }
        typed.push(byte);
    }
    typed.push(b'\n');
    typed
}
