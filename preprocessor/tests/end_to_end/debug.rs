//! `verify NAME --debug`, as a person at a terminal drives it.

use std::os::fd::AsRawFd;

use nix::libc;
use rexpect::session::{PtySession, spawn_command};

use crate::labs::is_root;
use crate::world::{HANGS, World, ends_with};

/// `^]`, the key that is mdbook-twin's own.
const OURS: char = ']';

const BROKEN: &str = "title: Broken\nhosts:\n  one: {}\n  two: {}\nterminals:\n  here: {host: one}\n  there: {host: two}\nsteps:\n  - id: prepare\n    run: mkdir deep; cd deep; export MARK=kept\n  - id: breaks\n    run: echo before; test -e mended\n  - id: behind\n    run: echo behind; pwd\n  - id: other\n    terminal: there\n    run: hostname\ncleanup:\n  - id: cleans\n    run: echo cleaned\n";

fn book(spec: &str) -> World {
    let world = World::new();
    world.tutorial("it", spec);
    world
}

/// At a terminal of 30 rows and 90 columns.
fn person(world: &World, arguments: &[&str]) -> PtySession {
    // rexpect's terminal has no size when the program starts, and no echo: what a person sees is the lab's.
    let mut command = world.command("sh");
    let script = "stty rows 30 cols 90; stty -g >../before; sh -c 'echo $$ >../pid; exec \"$@\"' sh \"$@\"; status=$?; stty -g >../after; exit $status";
    command.args(["-c", script, "sh"]).arg(world.program());
    command
        .args(["--color", "never", "verify", "it"])
        .args(arguments);
    spawn_command(command, Some(HANGS)).expect("a terminal")
}

/// Somebody who was let in at the step that breaks.
fn inside(world: &World) -> PtySession {
    let mut session = person(world, &["--debug"]);
    session
        .exp_string("step `breaks` failed in the terminal `here`")
        .expect("the step that failed");
    session.exp_string("here$ ").expect("a prompt");
    session
}

fn press(session: &mut PtySession, keys: &str) {
    session.send_control(OURS).expect("typed");
    session
        .exp_string("any other key = stay]\r\n")
        .expect("what the keys mean");
    session.send(keys).expect("typed");
    session.flush().expect("typed");
}

/// The failing step is left as it is, and nothing behind it is wrong.
#[track_caller]
fn goes_on_to_the_end(mut session: PtySession) {
    press(&mut session, "c");
    session.exp_string("step `behind`").expect("the next step");
    let rest = ends_with(session, 1);
    assert!(
        rest.contains("step `breaks`") && !rest.contains("more step"),
        "{rest}"
    );
}

#[test]
fn the_failing_terminal_is_the_persons_as_it_stands_and_giving_up_cleans() {
    looks_and_gives_up(&book(BROKEN));
}

#[test]
fn an_ordinary_user_s_terminal_is_attached_to_just_so() {
    match is_root() {
        true => looks_and_gives_up(&book(BROKEN).of_an_ordinary_user()),
        false => eprintln!("not root: the other tests have run as an ordinary user"),
    }
}

fn looks_and_gives_up(world: &World) {
    let mut session = person(world, &["--debug"]);
    session
        .exp_string("failed it: step `breaks`")
        .expect("the verdict on the step");
    session
        .exp_string("exit status 1, expected 0")
        .expect("why it failed");
    session
        .exp_string("C-] then c = go on with the next step, r = run this step again, q = give up (cleanup runs), 1 = `here`, 2 = `there`\r\n")
        .expect("how to go on");
    session
        .exp_string("$ echo before; test -e mended\r\nbefore\r\nhere$ ")
        .expect("where one is");
    // What is typed is echoed, once; folder, variables and exit status are those of the tutorial's own shell.
    session
        .send_line("echo $?; pwd; echo $MARK; tty")
        .expect("typed");
    session
        .exp_string("echo $?; pwd; echo $MARK; tty\r\n1\r\n")
        .expect("the echo, and the status of the step's command");
    session
        .exp_regex("/deep\r\nkept\r\n/dev/pts/[0-9]+\r\nhere\\$ ")
        .expect("the place");
    press(&mut session, "q");
    let rest = ends_with(session, 1);
    assert!(rest.contains("`cleans`"), "{rest}");
    assert!(
        rest.contains("failed it") && !rest.contains("step `behind`"),
        "{rest}"
    );
    assert!(rest.contains("nothing is kept of it"), "{rest}");
    assert_eq!(world.read("before"), world.read("after"));
}

#[test]
fn what_is_mended_by_hand_goes_on_and_stays_failed() {
    let world = book(BROKEN);
    let mut session = inside(&world);
    session
        .send_line("cd ..; touch mended; cd deep; touch mended")
        .expect("typed");
    session.exp_string("here$ ").expect("a prompt");
    // Half a line is left behind, which must not become a part of the next command.
    session.send("exit 7; ").expect("typed");
    session.flush().expect("typed");
    session.exp_string("exit 7; ").expect("the echo");
    press(&mut session, "r");
    session
        .exp_string("step `breaks` in the terminal `here`\r\n")
        .expect("the step again");
    session
        .exp_string("step `behind` in the terminal `here`\r\n")
        .expect("the next step");
    session
        .exp_string("step `other` in the terminal `there`\r\n")
        .expect("the next terminal");
    session
        .exp_string("step `cleans` in the terminal `here`\r\n")
        .expect("the cleanup");
    let rest = ends_with(session, 1);
    assert!(rest.contains("failed it: step `breaks`"), "{rest}");
    assert!(!rest.contains("more step"), "{rest}");
}

#[test]
fn going_on_runs_the_next_step_where_the_person_left_the_place() {
    let world = book(BROKEN);
    let mut session = inside(&world);
    session.send_line("cd /").expect("typed");
    session.exp_string("here$ ").expect("a prompt");
    press(&mut session, "c");
    session
        .exp_string("step `behind` in the terminal `here`\r\n")
        .expect("the next step");
    let rest = ends_with(session, 1);
    assert!(rest.contains("`cleans`"), "{rest}");
}

#[test]
fn another_terminal_is_one_key_away_and_so_is_the_way_back() {
    let world = book(BROKEN);
    let mut session = inside(&world);
    press(&mut session, "2");
    session
        .exp_string("the terminal `there`:\r\n")
        .expect("where one is");
    session.exp_string("there$ ").expect("a prompt");
    session.send_line("hostname; cat").expect("typed");
    session.exp_string("\r\ntwo\r\n").expect("the other host");
    press(&mut session, "1");
    session
        .exp_string("something still runs in the terminal `there`")
        .expect("what is left behind");
    session.exp_string("here$ ").expect("a prompt");
    session.send_line("hostname").expect("typed");
    session
        .exp_string("\r\none\r\nhere$ ")
        .expect("the first host");
    press(&mut session, "2");
    session
        .exp_string("the terminal `there`:\r\n")
        .expect("where one is");
    session.send_line("still here").expect("typed");
    session
        .exp_string("still here\r\nstill here\r\n")
        .expect("cat");
    session.send_control('c').expect("typed");
    session
        .exp_string("there$ ")
        .expect("cat was interrupted, we were not");
    press(&mut session, "q");
    ends_with(session, 1);
}

#[test]
fn the_terminal_gets_the_persons_size_and_then_its_own_again() {
    let world = book(
        "title: Sizes\nterminals:\n  here: {}\nsteps:\n  - id: breaks\n    run: 'false'\n  - id: size\n    run: stty size\n    expect: |\n      24 80\n",
    );
    let mut session = inside(&world);
    session.send_line("stty size").expect("typed");
    session
        .exp_string("\r\n30 90\r\nhere$ ")
        .expect("the size at the start");
    session
        .send_line("trap 'stty size' WINCH; echo $((1 + 1))")
        .expect("typed");
    session.exp_string("\r\n2\r\nhere$ ").expect("it is set");
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
    session.send_line("stty size").expect("typed");
    session.exp_string("40 100\r\n").expect("the new size");
    session.send_line("trap - WINCH").expect("typed");
    session.exp_string("here$ ").expect("a prompt");
    press(&mut session, "c");
    let rest = ends_with(session, 1);
    assert!(
        rest.contains("step `breaks`") && !rest.contains("more step"),
        "{rest}"
    );
}

#[test]
fn an_output_that_is_not_as_expected_stops_there_with_its_difference() {
    let world = book(
        "title: Differs\nsteps:\n  - id: setting\n    run: PS1='mine> '; echo x\n    expect: |\n      y\n  - run: echo next\n",
    );
    let mut session = person(&world, &["--debug"]);
    session.exp_string("- y\r\n").expect("what was expected");
    session.exp_string("+ x\r\n").expect("what came");
    session
        .exp_string("step `setting` failed in the terminal `terminal`")
        .expect("the step");
    press(&mut session, "c");
    session
        .exp_string("step `step-2` in the terminal")
        .expect("the next step");
    ends_with(session, 1);
}

#[test]
fn a_program_that_hangs_is_attached_to_and_can_be_ended() {
    let world = book(
        "title: Hangs\nterminals:\n  here: {}\nsteps:\n  - id: breaks\n    run: echo begun; read -p 'really? ' answer; echo got $answer; cat\n    timeout: 1s\n  - id: behind\n    run: echo behind\n",
    );
    let mut session = person(&world, &["--debug"]);
    session
        .exp_string("no end after 1 s")
        .expect("why it failed");
    session
        .exp_string("begun\r\nreally? ")
        .expect("what stands on its screen");
    session.send_line("yes").expect("typed");
    session
        .exp_string("got yes\r\n")
        .expect("the program goes on");
    session.send_line("to cat").expect("typed");
    session
        .exp_string("to cat\r\nto cat\r\n")
        .expect("the echo, and the program");
    session.send_control('d').expect("typed");
    session.exp_string("here$ ").expect("its end");
    press(&mut session, "c");
    session.exp_string("step `behind`").expect("the next step");
    ends_with(session, 1);
}

#[test]
fn a_shell_that_has_ended_is_told_and_another_one_begins_in_its_place() {
    let world = book(BROKEN);
    let mut session = inside(&world);
    session.send_line("exit").expect("typed");
    session
        .exp_string("the shell of the terminal `here` has ended")
        .expect("its end");
    session.send("x").expect("typed");
    session.flush().expect("typed");
    session
        .exp_string("the terminal `here`:\r\nhere$ ")
        .expect("a prompt, and nothing of what was before");
    session.send_line("echo a new $SHLVL").expect("typed");
    session.exp_string("\r\na new 1\r\n").expect("a new shell");
    press(&mut session, "q");
    ends_with(session, 1);
}

#[test]
fn with_until_it_stands_behind_a_step_that_is_good() {
    let world = book(BROKEN);
    let mut session = person(&world, &["--debug", "--until", "prepare"]);
    session
        .exp_string("step `prepare` is done in the terminal `here`")
        .expect("the step");
    session.send_line("pwd").expect("typed");
    session.exp_regex("/deep\r\nhere\\$ ").expect("the place");
    press(&mut session, "c");
    let rest = ends_with(session, 0);
    assert!(
        rest.contains("good it: up to step `prepare`")
            && rest.contains("not run: after --until: `breaks`, `behind`, `other`"),
        "{rest}"
    );
}

#[test]
fn the_key_itself_can_be_typed() {
    let world = book(BROKEN);
    let mut session = inside(&world);
    session
        .send_line("stty -echo; head -c 1 | od -An -tx1")
        .expect("typed");
    session.exp_string("od -An -tx1\r\n").expect("the echo");
    press(&mut session, "\u{1d}\n");
    session.exp_string(" 1d\r\n").expect("the byte");
    press(&mut session, "q");
    ends_with(session, 1);
}

#[test]
fn without_a_terminal_it_is_refused() {
    let world = book(BROKEN);
    let answer = world.twin(&["verify", "it", "--debug"]);
    answer.expect(2).says(&[
        "--debug",
        "mdbook-twin verify it --keep",
        "mdbook-twin lab it --kept",
    ]);
}

#[test]
fn a_terminated_debugger_cleans_up_and_gives_the_terminal_back() {
    let world = book(BROKEN);
    let session = inside(&world);
    let pid: i32 = world.read("pid").trim().parse().expect("its pid");
    let pid = nix::unistd::Pid::from_raw(pid);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).expect("terminated");
    let rest = ends_with(session, 1);
    assert!(rest.contains("`cleans`"), "{rest}");
    assert_eq!(world.read("before"), world.read("after"));
}

/// A step that fails in a shell that another step has opened.
fn nested(opens: &str) -> World {
    book(&format!(
        "title: Nested\nhosts:\n  one: {{needs: [tun]}}\nterminals:\n  here: {{host: one}}\nsteps:\n  - id: opens\n    run: {opens}\n    opens: shell\n  - id: inner\n    run: MARK=kept\n  - id: breaks\n    run: 'false'\n  - id: behind\n    run: echo behind\n    expect: |\n      behind\n"
    ))
}

/// Works in it as in any other, and goes on.
#[track_caller]
fn work_in_nested(opens: &str, says: (&str, &str)) {
    let world = nested(opens);
    let mut session = inside(&world);
    session.send_line("echo $MARK $((1 + 1))").expect("typed");
    session
        .exp_string("echo $MARK $((1 + 1))\r\nkept 2\r\n")
        .expect("the echo, once, and the nested shell");
    session.exp_string("here$ ").expect("its prompt");
    session.send_line(says.0).expect("typed");
    session.exp_regex(says.1).expect("the nested place");
    session.exp_string("here$ ").expect("its prompt");
    // An interrupt that comes before the shell has started the program is lost, on any terminal: cat answers first.
    session.send_line("echo ready; cat").expect("typed");
    session.exp_string("ready\r\n").expect("it starts");
    session.send_line("to cat").expect("typed");
    session
        .exp_string("to cat\r\nto cat\r\n")
        .expect("the echo, and cat's answer");
    session.send_control('c').expect("typed");
    session.exp_string("here$ ").expect("its prompt");
    goes_on_to_the_end(session);
}

#[test]
fn nested_shells_of_the_same_terminal_are_attached_to() {
    work_in_nested("dash", ("echo $0", "\r\ndash\r\n"));
    work_in_nested(
        "unshare --user --map-root-user bash --norc",
        ("id -u", "\r\n0\r\n"),
    );
}

#[test]
fn a_shell_in_a_network_namespace_of_vdens_is_attached_to() {
    let interfaces = "echo $(tail -n +3 /proc/net/dev | cut -d: -f1)";
    work_in_nested("vdens", (interfaces, "\r\nlo\r\n"));
}

#[test]
fn a_nested_shell_with_a_terminal_of_its_own_echoes_too() {
    work_in_nested("script -q /dev/null", ("tty", "/dev/pts/[0-9]+\r\n"));
}

#[test]
fn a_program_with_a_prompt_of_its_own_is_attached_to() {
    let world = book(
        "title: Asks\nterminals:\n  here: {}\nsteps:\n  - run: sqlite3\n    opens: {prompt: 'sqlite> '}\n  - id: breaks\n    run: select 6 * 7;\n    expect: |\n      43\n  - id: behind\n    run: select 7 * 7;\n    expect: |\n      49\n",
    );
    let mut session = person(&world, &["--debug"]);
    session
        .exp_string("step `breaks` failed")
        .expect("the step");
    session.exp_string("42\r\nsqlite> ").expect("its screen");
    session.send_line("select 5 * 7;").expect("typed");
    session.exp_string("35\r\n").expect("its answer");
    session.exp_string("sqlite> ").expect("its prompt");
    goes_on_to_the_end(session);
}

#[test]
fn a_program_that_draws_is_seen_and_leaves_the_terminal_as_it_was() {
    let world = book(
        "title: Draws\nterminals:\n  here: {}\nsteps:\n  - id: breaks\n    run: seq 100 >numbers; less numbers\n    timeout: 1s\n  - id: behind\n    run: echo behind\n    expect: |\n      behind\n",
    );
    let mut session = person(&world, &["--debug"]);
    session
        .exp_string("step `breaks` failed")
        .expect("the step");
    session
        .exp_string("29")
        .expect("drawn as high as the window");
    session.send("G").expect("typed");
    session.flush().expect("typed");
    session.exp_string("100").expect("its end");
    session.send("q").expect("typed");
    session.flush().expect("typed");
    session.exp_string("here$ ").expect("the shell");
    session.send_line("echo shown $((1 + 1))").expect("typed");
    session
        .exp_string("echo shown $((1 + 1))\r\nshown 2\r\n")
        .expect("the echo");
    press(&mut session, "c");
    session.exp_string("step `behind`").expect("the next step");
    let rest = ends_with(session, 1);
    assert!(!rest.contains("more step"), "{rest}");
}

#[test]
fn a_flood_waits_for_the_person_and_the_key_is_heard_in_it() {
    let world = book(BROKEN);
    let mut session = inside(&world);
    session.send_line("yes").expect("typed");
    session.exp_string("y\r\ny\r\n").expect("a flood");
    press(&mut session, "2");
    session
        .exp_string("something still runs in the terminal `here`")
        .expect("it goes on");
    session.exp_string("there$ ").expect("the other terminal");
    session.send_line("echo quiet $((1 + 1))").expect("typed");
    session
        .exp_string("quiet 2\r\n")
        .expect("nothing of the flood");
    press(&mut session, "q");
    let rest = ends_with(session, 1);
    assert!(rest.contains("`cleans`"), "{rest}");
}
