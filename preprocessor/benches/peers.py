"""What others make of the same work as an agent: N times `echo I` in one shell, each output checked.

Each function takes a folder for its files and a number of steps, and gives the seconds of a step. A peer that is a whole
program is started for N steps and for one, and the difference counts: its start is not its steps' fault. Nothing of
theirs is kept in this repository; `.ci/long terminals` fetches them when it runs. Not here: rounds and ratios
(`terminals.py`).

    peers.py pexpect-flood COMMAND    that command through pexpect: seconds, and KiB over the peak before it
"""
import pathlib
import shutil
import subprocess
import sys
import time

here = pathlib.Path(sys.executable).parent
PROMPT = "[the prompt]"


class Missing(Exception):
    """It is not on this machine."""


def program(name):
    """A program beside this Python, where pip puts them, or in PATH."""
    found = shutil.which(name, path=here) or shutil.which(name)
    if not found:
        raise Missing(f"{name} could not be installed")
    return found


def run(*command):
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        words = (done.stdout + done.stderr).strip().splitlines() or ["no word"]
        raise SystemExit(f"{pathlib.Path(command[0]).name} failed: {words[-1]}")
    return time.monotonic() - began


def difference(work, steps, name, text, *command):
    """A step of a program that takes a file: with so many steps in it, less the same with one."""
    times = []
    for count in (1, steps):
        file = work / f"{count}-{name}"
        if not file.exists():
            file.write_text(text(count))
        times.append(run(*command, str(file)))
    return (times[1] - times[0]) / (steps - 1)


def repeated(one):
    return lambda count: "".join(one.replace("%", str(step)) for step in range(count))


def bash_of_pexpect():
    try:
        import pexpect
    except ImportError as error:
        raise Missing("pexpect could not be installed") from error
    child = pexpect.spawn("/bin/bash", ["--noediting", "--norc"], echo=False, encoding="utf-8", timeout=None)
    child.sendline(f"PS1='{PROMPT[:4]}''{PROMPT[4:]}'")
    child.expect_exact(PROMPT)
    return child


def pexpect_steps(steps, delay):
    child = bash_of_pexpect()
    child.delaybeforesend = delay
    began = time.monotonic()
    for step in range(steps):
        child.sendline(f"echo {step}")
        child.expect_exact(PROMPT)
        if child.before.strip() != str(step):
            raise SystemExit(f"pexpect: step {step} gave {child.before!r}")
    took = time.monotonic() - began
    child.close(force=True)
    return took / steps


def pexpect(work, steps):
    """As it comes: it waits 50 ms before it types."""
    return pexpect_steps(steps, 0.05)


def pexpect_without_delay(work, steps):
    return pexpect_steps(steps, None)


def tesh(work, steps):
    lines = repeated("$ echo %\n%\n")
    text = lambda count: f'```console tesh-session="echo"\n{lines(count)}```\n'
    return difference(work, steps, "tesh.md", text, program("tesh"))


def byexample(work, steps):
    text = repeated("```shell\n$ echo %\n%\n```\n\n")
    options = ("-l", "shell", "--no-progress-bar", "--timeout", "60")
    return difference(work, steps, "byexample.md", text, program("byexample"), *options)


def prysk(work, steps):
    """No terminal: one script, its output cut at marks."""
    return difference(work, steps, "prysk.t", repeated("  $ echo %\n  %\n"), program("prysk"), "--shell", "/bin/bash")


def scrut(work, steps):
    """No terminal: a bash for each step, its state carried over in files."""
    text = repeated("# Step %\n\n```scrut\n$ echo %\n%\n```\n\n")
    return difference(work, steps, "scrut.md", text, program("scrut"), "test")


def scrut_cram(work, steps):
    """No terminal: one script, its output cut at marks."""
    return difference(work, steps, "scrut.t", repeated("  $ echo %\n  %\n"), program("scrut"), "test")


def peak(process):
    """The most memory that a process ever had, KiB."""
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def pexpect_flood(command):
    child = bash_of_pexpect()
    child.delaybeforesend = None
    before = peak("self")
    began = time.monotonic()
    child.sendline(command)
    child.expect_exact(PROMPT)
    print(f"{time.monotonic() - began:.6f} {peak('self') - before}")
    child.close(force=True)


if __name__ == "__main__" and sys.argv[1] == "pexpect-flood":
    pexpect_flood(sys.argv[2])
