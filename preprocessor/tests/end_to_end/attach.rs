//! `lab NAME`: as a person at a terminal, and through pipes.

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::process::Stdio;

use nix::libc;
use rexpect::session::{PtySession, spawn_command};

use crate::world::{Answer, HANGS, World, ends_with, program};

const PREPARED: &str = "title: Prepared\nhosts:\n  one: {}\nsetup:\n  - run: echo made by setup >here\nsteps:\n  - run: echo never >here\n";

fn book() -> World {
    let world = World::new();
    world.tutorial("it", PREPARED);
    world
}

/// At a terminal of 30 rows and 90 columns.
fn person(world: &World, arguments: &[&str]) -> PtySession {
    // rexpect's terminal has no size when the program starts.
    let mut command = world.command("sh");
    let script = "stty rows 30 cols 90; exec \"$@\"";
    command.args(["-c", script, "sh"]).arg(program());
    // With the progress display, whose thread must leave the signals alone.
    command
        .args(["lab", "it"])
        .args(arguments)
        .env("TERM", "xterm");
    spawn_command(command, Some(HANGS)).expect("a terminal")
}

#[test]
fn a_person_works_in_a_login_shell_and_its_exit_status_is_ours() {
    let world = book();
    let mut session = person(&world, &[]);
    session
        .send_line("cat here; echo $((6 * 7))")
        .expect("typed");
    session
        .exp_string("made by setup\r\n42\r\n")
        .expect("the setup has run, and nothing else");
    session
        .send_line("shopt login_shell; whoami; hostname")
        .expect("typed");
    session
        .exp_regex("login_shell *\ton\r\nuser\r\none\r\n")
        .expect("the host's user");
    session.send_line("exit 5").expect("typed");
    ends_with(session, 5);
}

#[test]
fn keys_and_interrupts_go_through_to_the_program() {
    let world = book();
    let mut session = person(&world, &[]);
    session.exp_string("$ ").expect("a prompt");
    session.send_line("echo ready; cat").expect("typed");
    session
        .exp_string("ready\r\n")
        .expect("the program has started");
    session.send_line("one line").expect("typed");
    session
        .exp_string("one line\r\none line\r\n")
        .expect("the echo, and cat's answer");
    session.send_control('c').expect("typed");
    // What is typed before the prompt, ^C throws away, as on any terminal.
    session.exp_string("$ ").expect("a prompt");
    session.send_line("echo it gave $?").expect("typed");
    session
        .exp_string("it gave 130\r\n")
        .expect("cat was interrupted, we were not");
    // In the middle of a flood too.
    session.send_line("yes").expect("typed");
    session.exp_string("y\r\ny\r\n").expect("a flood");
    session.send_control('c').expect("typed");
    session.exp_string("$ ").expect("a prompt");
    session
        .send_line("echo it $((1 + 1)) gave $?")
        .expect("typed");
    session
        .exp_string("it 2 gave 130\r\n")
        .expect("the end of the flood");
    session.send_control('d').expect("typed");
    ends_with(session, 0);
}

#[test]
fn the_window_has_the_same_size_inside_and_stays_so() {
    let world = book();
    let script = "trap 'stty size; exit' WINCH; stty size; sleep 1000 & wait";
    let mut session = person(&world, &["--", "bash", "-c", script]);
    session
        .exp_string("30 90\r\n")
        .expect("the size at the start");
    let terminal = session.process().get_file_handle().expect("the terminal");
    let size = libc::winsize {
        ws_row: 40,
        ws_col: 100,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    #[expect(unsafe_code, reason = "nix has no call for the window size")]
    // SAFETY: TIOCSWINSZ reads a winsize, which is what it gets.
    let set = unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSWINSZ, &size) };
    assert_eq!(set, 0);
    session.exp_string("40 100\r\n").expect("the new size");
    ends_with(session, 0);
}

#[test]
fn the_callers_terminal_is_not_in_the_lab_and_is_given_back_as_it_was() {
    let world = book();
    let mut command = world.command("sh");
    // What is typed into a terminal by TIOCSTI, its reader gets: the one in the lab, and nobody else.
    let script = "stty -g >../before; tty; \"$1\" lab it -- sh -c 'tty; test -t 0 && test -t 1 && test -t 2'; stty -g >../after";
    command.args(["-c", script, "sh"]).arg(program());
    let mut session = spawn_command(command, Some(HANGS)).expect("a terminal");
    session
        .exp_regex("/dev/pts/[0-9]+\r\n")
        .expect("the caller's");
    session
        .exp_string("/dev/pts/")
        .expect("one of the host's own");
    ends_with(session, 0);
    assert_eq!(world.read("before"), world.read("after"));
}

fn piped(world: &World, arguments: &[&str], input: &[u8]) -> (Answer, Vec<u8>) {
    let mut command = world.command(program());
    command.args(["--quiet", "lab", "it"]).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("its input");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // The command may end before it has read all.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("written");
    let bytes = output.stdout.clone();
    (Answer::of(output), bytes)
}

#[test]
fn bytes_go_through_pipes_unchanged_both_ways() {
    let world = book();
    let bytes: Vec<u8> = (0..300_000_u32)
        .map(|n| (n.wrapping_mul(n) / 7) as u8)
        .collect();
    let (answer, came) = piped(&world, &["--", "cat"], &bytes);
    answer.expect(0);
    assert!(came == bytes, "{} of {} bytes", came.len(), bytes.len());
    let (answer, came) = piped(&world, &["--", "wc", "-c"], &bytes);
    answer.expect(0);
    assert_eq!(came, b"300000\n");
}

#[test]
fn errors_stay_apart_and_statuses_are_the_commands_own() {
    let world = book();
    let script = "cat here; echo wrong >&2; exit 7";
    let (answer, came) = piped(&world, &["--", "sh", "-c", script], b"");
    let answer = answer.expect(7);
    assert_eq!(
        (came.as_slice(), answer.stderr.as_str()),
        (&b"made by setup\n"[..], "wrong\n")
    );
    let (answer, _) = piped(&world, &["--", "sh", "-c", "kill -TERM $$"], b"");
    answer.expect(128 + 15);
    let (answer, _) = piped(&world, &["--", "no-such-command"], b"");
    answer.expect(127).says(&["no-such-command: No such file"]);
    // Without a command it is a shell, as with ssh; and it need not read all there is.
    let (answer, came) = piped(&world, &[], b"cat here\nexit 3\nrubbish\n");
    answer.expect(3);
    assert_eq!(came, b"made by setup\n");
}

#[test]
fn a_setup_that_fails_is_told_and_nobody_is_let_in() {
    let world = World::new();
    world.tutorial(
        "it",
        "title: Broken\nsetup:\n  - run: ls /nowhere\nsteps:\n  - run: 'true'\n",
    );
    let (answer, came) = piped(&world, &["--", "echo", "inside"], b"");
    answer
        .expect(1)
        .says(&["failed it", "tutorials/it.yaml:3:5", "/nowhere"]);
    assert_eq!(came, b"");
}

#[test]
fn what_can_not_be_entered_says_why() {
    let world = book();
    let (answer, _) = piped(&world, &["--host", "on"], b"");
    answer
        .expect(2)
        .says(&["it has no host `on`", "did you mean `one`?"]);
    world.edit(
        "book/book.toml",
        "grant =",
        "runtime = \"no-such-runtime\"\ngrant =",
    );
    let (answer, _) = piped(&world, &[], b"");
    answer
        .expect(3)
        .says(&["it can't run here", "no-such-runtime"]);
}

#[test]
fn a_killed_mdbook_twin_takes_the_command_along() {
    let world = book();
    // A number that no other process of this machine has as an argument.
    let mark = format!("86400.{}", std::process::id());
    let mut command = world.command(program());
    let script = format!("echo started; exec sleep {mark}");
    command.args(["lab", "it", "--", "sh", "-c", &script]);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::null()).spawn().expect("it starts");
    let mut started = [0; 8];
    let mut stdout = child.stdout.take().expect("its output");
    stdout
        .read_exact(&mut started)
        .expect("the command has started");
    child.kill().expect("killed");
    child.wait().expect("an end");
    crate::events::until_ended("it still runs", || marked(&mark));
}

/// Processes that have the mark in their arguments.
fn marked(mark: &str) -> Vec<i32> {
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    let has_mark = |line: Vec<u8>| line.windows(mark.len()).any(|at| at == mark.as_bytes());
    let marked = processes
        .filter(|process| std::fs::read(process.path().join("cmdline")).is_ok_and(has_mark));
    marked
        .filter_map(|process| process.file_name().to_str()?.parse().ok())
        .collect()
}
