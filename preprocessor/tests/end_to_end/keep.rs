//! `verify NAME --keep` in one terminal, `lab NAME --kept` in others.

use std::io::Write;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;
use rexpect::session::{PtySession, spawn_command};

use crate::labs::is_root;
use crate::world::{Answer, HANGS, World, ends_with};

const STANDS: &str = "title: Stands\nhosts:\n  one: {}\n  two: {}\nterminals:\n  here: {host: one}\n  there: {host: two}\nsteps:\n  - id: makes\n    run: echo made by a step >made\n  - id: breaks\n    terminal: there\n    run: 'false'\n  - id: behind\n    run: rm made\ncleanup:\n  - id: cleans\n    run: rm made\n";

fn book() -> World {
    let world = World::new();
    world.tutorial("it", STANDS);
    world
}

fn session(world: &World, arguments: &[&str]) -> PtySession {
    let mut command = world.command("sh");
    let script = "echo $$ >../pid; exec \"$@\"";
    command.args(["-c", script, "sh"]).arg(world.program());
    command.args(["--color", "never"]).args(arguments);
    spawn_command(command, Some(HANGS)).expect("a terminal")
}

/// A lab that stands.
fn kept(world: &World) -> PtySession {
    let mut keeper = session(world, &["verify", "it", "--keep"]);
    keeper
        .exp_string("failed it: step `breaks`")
        .expect("the verdict, before anything else");
    keeper
        .exp_string("the lab stands, before its cleanup")
        .expect("it stands");
    keeper
        .exp_string(" lab it --kept --host two\r\n")
        .expect("how to enter it");
    keeper
        .exp_string("Enter or ^C here ends it")
        .expect("how it ends");
    keeper
}

#[test]
fn a_kept_lab_is_entered_from_elsewhere_and_ends_with_its_cleanup() {
    comes_and_goes(&book());
}

#[test]
fn an_ordinary_user_s_kept_lab_is_entered_just_so() {
    match is_root() {
        true => comes_and_goes(&book().of_an_ordinary_user()),
        false => eprintln!("not root: the other tests have run as an ordinary user"),
    }
}

fn comes_and_goes(world: &World) {
    let mut keeper = kept(world);
    let mut visitor = session(world, &["lab", "it", "--kept"]);
    visitor.send_line("cat made; hostname; tty").expect("typed");
    visitor
        .exp_regex("made by a step\r\none\r\n/dev/pts/[0-9]+\r\n")
        .expect("the place as the steps left it");
    // Each host has room for one.
    let mut other = session(world, &["lab", "it", "--kept", "--host", "two"]);
    other.send_line("hostname; stty size").expect("typed");
    other
        .exp_string("two\r\n24 80\r\n")
        .expect("the other host");
    let third = world.twin(&["lab", "it", "--kept"]);
    third
        .expect(2)
        .says(&["somebody is on the host one already"]);
    // An interrupt that comes before the shell has started the program is lost, on any terminal: cat answers first.
    visitor.send_line("echo ready; cat").expect("typed");
    visitor.exp_string("ready\r\n").expect("it starts");
    visitor.send_line("to cat").expect("typed");
    visitor
        .exp_string("to cat\r\nto cat\r\n")
        .expect("the echo, and cat's answer");
    visitor.send_control('c').expect("typed");
    visitor
        .exp_string("$ ")
        .expect("cat was interrupted, nobody else");
    visitor.send_line("exit 5").expect("typed");
    ends_with(visitor, 5);
    // Who is in when it ends is sent away.
    keeper.send_line("").expect("Enter");
    let rest = ends_with(keeper, 1);
    assert!(rest.contains("its cleanup has run"), "{rest}");
    assert!(!rest.contains("cleanup step"), "{rest}");
    other.exp_eof().expect("its end");
    let gone = world.twin(&["lab", "it", "--kept"]);
    gone.expect(2)
        .says(&["no lab of it is kept", "mdbook-twin verify it --keep"]);
}

#[test]
fn bytes_go_into_a_kept_lab_and_out_unchanged() {
    let world = book();
    let mut keeper = kept(&world);
    let bytes: Vec<u8> = (0..3_000_000_u32)
        .map(|n| (n.wrapping_mul(n) / 7) as u8)
        .collect();
    let mut command = world.command(world.program());
    command.args([
        "lab",
        "it",
        "--kept",
        "--",
        "sh",
        "-c",
        "cat; echo wrong >&2; exit 7",
    ]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("its input");
    let input = bytes.clone();
    let writer = std::thread::spawn(move || stdin.write_all(&input).expect("written"));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("written");
    assert!(output.stdout == bytes, "{} bytes came", output.stdout.len());
    let answer = Answer::of(output).expect(7);
    assert_eq!(answer.stderr, "wrong\n");
    // What a caller did away with, the cleanup misses, and says so; the verdict is that of the steps.
    world
        .twin(&["lab", "it", "--kept", "--", "rm", "made"])
        .expect(0);
    keeper.send_control('c').expect("typed");
    let rest = ends_with(keeper, 1);
    assert!(
        rest.contains("cleanup step `cleans`: exit status 1"),
        "{rest}"
    );
}

#[test]
fn who_goes_away_without_a_word_leaves_room_for_the_next() {
    let world = book();
    let mut keeper = kept(&world);
    let mut command = world.command(world.program());
    command.args([
        "lab",
        "it",
        "--kept",
        "--",
        "sh",
        "-c",
        "echo in; exec sleep 1000",
    ]);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut line = [0; 3];
    let mut stdout = child.stdout.take().expect("its output");
    std::io::Read::read_exact(&mut stdout, &mut line).expect("it is in");
    child.kill().expect("killed");
    child.wait().expect("an end");
    // There is room at once, and what they ran is on its way out.
    let script = "while pgrep -x sleep; do :; done";
    let next = [
        "lab", "it", "--kept", "--", "timeout", "20", "sh", "-c", script,
    ];
    world.twin(&next).expect(0);
    keeper.send_line("").expect("Enter");
    ends_with(keeper, 1);
}

#[test]
fn one_lab_of_a_tutorial_is_kept_and_a_killed_one_leaves_nothing() {
    let world = book();
    let mut keeper = kept(&world);
    let second = world.twin(&["verify", "it", "--keep"]);
    second.expect(1).says(&["a lab of it is kept already"]);
    let pid: i32 = world.read("pid").trim().parse().expect("its pid");
    kill(Pid::from_raw(pid), Signal::SIGKILL).expect("killed");
    keeper.exp_eof().expect("its end");
    assert!(matches!(
        keeper.process().wait(),
        Ok(WaitStatus::Signaled(_, Signal::SIGKILL, _))
    ));
    let gone = world.twin(&["lab", "it", "--kept"]);
    gone.expect(2).says(&["no lab of it is kept"]);
    let mut keeper = kept(&world);
    let pid: i32 = world.read("pid").trim().parse().expect("its pid");
    kill(Pid::from_raw(pid), Signal::SIGTERM).expect("terminated");
    let rest = keeper.exp_eof().expect("its end");
    assert!(rest.contains("its cleanup has run"), "{rest}");
}

#[test]
fn with_until_the_lab_is_kept_behind_a_step_that_is_good() {
    let world = book();
    let mut keeper = session(&world, &["verify", "it", "--keep", "--until", "makes"]);
    keeper
        .exp_string("good it: up to step `makes`")
        .expect("the judgement");
    keeper
        .exp_string("Enter or ^C here ends it")
        .expect("it stands");
    let inside = world.twin(&["lab", "it", "--kept", "--", "cat", "made"]);
    assert_eq!(inside.expect(0).stdout, "made by a step\n");
    let nowhere = world.twin(&["lab", "it", "--kept", "--host", "three"]);
    nowhere
        .expect(2)
        .says(&["it has no host `three`", "`one` and `two`"]);
    keeper.send_line("").expect("Enter");
    ends_with(keeper, 0);
}
