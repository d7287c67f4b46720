#!/usr/bin/env python3
"""Rows one, two and six of the performance table: echo steps, floods and an idle terminal, beside the C floor and others.

Rounds are interleaved: in each, all do the same work one after another, and a ratio is that of one round, so that all of
them see the same machine. Prints markdown: medians, ratios to C, and the 95 % interval of the median ratio (bootstrap).

    terminals.py PROGRAM EXAMPLES [ROUNDS]    the release build, its folder of examples; run by `.ci/long terminals`

Needs a C compiler; strace for the idle terminal; crun for the lab. What is missing is said and left out.
"""
import json
import os
import pathlib
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time

import peers

program, examples = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 21
here = pathlib.Path(__file__).parent

LINE = "0123456789012345678901234567890123456789"
PLAIN = f"yes {LINE} | head -c 100000000"
COLOUR = rf"yes $(printf '\033[31m0123456789\033[0m{LINE}') | head -c 100000000"
STEPS = 1000


def open_terminal():
    environment = {"PATH": os.environ["PATH"], "HOME": "/", "TERM": "xterm"}
    ids = {"uid": os.getuid(), "gid": os.getgid()}
    return {"open": {"terminal": 0, "shell": ["/bin/bash", "--norc"], **ids, "env": environment, "cwd": "/", "size": [80, 24]}}


def step(number, text):
    command = {"text": text, "prompt": "$", "opens": None, "leaves": 0, "exits": False, "readme_line": None, "documented": []}
    run = {"commands": [command], "background": None, "until": None, "retry": None, "dialog": []}
    timeout = {"secs": 600, "nanos": 0}
    rest = {"timeout": timeout, "exit": {"code": 0}, "capture": {}, "keep": 1 << 20}
    return {"step": {"step": number, "phase": "main", "terminal": 0, "action": {"run": run}, **rest}}


class Agent:
    """An agent without a lab, spoken to as a lab's would be."""

    def __init__(self, *before, output=subprocess.PIPE):
        command = [*before, program, "agent"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output)
        self.say({"hello": {"version": version(), "secrets": {}}}, open_terminal())

    def say(self, *requests):
        lines = "".join(json.dumps(request) + "\n" for request in requests)
        self.process.stdin.write(lines.encode())
        self.process.stdin.flush()

    def finished(self):
        return next(command(line) for line in self.process.stdout if line.startswith(b'{"finished"'))

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def command(line):
    """What came of a step of one command, or an end of it all."""
    finished = json.loads(line)["finished"]
    if finished["ended"] != "done":
        raise SystemExit(f"the agent: step {finished['step']}: {finished['ended']}")
    return finished["commands"][0]


def version():
    """The protocol's, from where it is raised."""
    source = (here.parent / "src/agent/protocol.rs").read_text()
    return int(source.split("VERSION: u32 = ")[1].split(";")[0])


# Each of these gives seconds a step.

def floor_steps(work, steps):
    return float(subprocess.check_output([work / "floor", "steps", str(steps)])) / steps


def agent_steps(work, steps):
    with tempfile.TemporaryFile() as output:
        # Into a file: who reads along would take a processor away from those who are measured.
        agent = Agent(output=output)
        agent.say(*(step(number, f"echo {number}") for number in range(steps)), "bye")
        agent.process.wait()
        agent.process.stdin.close()
        output.seek(0)
        all = [command(line) for line in output if line.startswith(b'{"finished"')]
    for number, ran in enumerate(all):
        if ran["output"]["lines"] != [{"text": str(number)}]:
            raise SystemExit(f"the agent: step {number} gave {ran['output']}")
    first, last = all[0]["chunks"][0][0], all[-1]["chunks"][0][0]
    return (last - first) / 1e6 / (steps - 1)


def book(work):
    """A book with a tutorial of 1,000 steps and one of a single one, recorded."""
    root = work / "book"
    if not root.exists():
        (root / "tutorials").mkdir(parents=True)
        (root / "book.toml").write_text('[book]\ntitle = "Echo"\n')
        for steps in (1, STEPS):
            lines = "".join(f"  - run: echo {number}\n" for number in range(steps))
            (root / f"tutorials/steps-{steps}.yaml").write_text(f"title: Echo\nsteps:\n{lines}")
            twin(root, "record", f"steps-{steps}", "--runs", "1")
    return root


def twin(root, *arguments):
    environment = {**os.environ, "TWIN_CACHE_DIR": str(root / "cache")}
    began = time.monotonic()
    done = subprocess.run([program, *arguments], cwd=root, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise peers.Missing(f"`mdbook-twin {arguments[0]}` gave {done.returncode}: {done.stderr.strip().splitlines()[-1]}")
    return time.monotonic() - began


def lab_steps(work, steps):
    ran = subprocess.run([examples / "lab_steps", program, book(work), f"steps-{steps}"], capture_output=True, text=True)
    if ran.returncode:
        raise peers.Missing(ran.stderr.strip())
    return float(ran.stdout) / (steps - 1)


def verify_steps(work, steps):
    one, all = (twin(book(work), "verify", f"steps-{count}") for count in (1, steps))
    return (all - one) / (steps - 1)


def rexpect_steps(work, steps):
    return float(subprocess.check_output([examples / "rexpect_session", "steps", str(steps)])) / steps


# Name, steps of a round, what does them.
RUNNERS = [
    ("C floor", STEPS, floor_steps),
    ("**agent**", STEPS, agent_steps),
    ("**agent, in a lab of crun**", STEPS, lab_steps),
    ("**whole `verify`**, less one of a single step", STEPS, verify_steps),
    ("prysk (no terminal)", STEPS, peers.prysk),
    ("scrut, cram files (no terminal)", 200, peers.scrut_cram),
    ("pexpect without its delay", 500, peers.pexpect_without_delay),
    ("byexample", 200, peers.byexample),
    ("scrut, markdown (no terminal)", 20, peers.scrut),
    ("pexpect", 10, peers.pexpect),
    ("rexpect's own session", 5, rexpect_steps),
    ("tesh", 5, peers.tesh),
]


def floor_flood(work, text):
    return float(subprocess.check_output([work / "floor", "flood", text])), None


def agent_flood(work, text):
    """Seconds, and KiB over the peak after an echo, when the flood's event has been sent."""
    agent = Agent()
    agent.say(step(0, "echo warm"))
    agent.finished()
    before = peers.peak(agent.process.pid)
    agent.say(step(1, text))
    took = agent.finished()["took"]
    more = peers.peak(agent.process.pid) - before
    agent.end()
    return took["secs"] + took["nanos"] / 1e9, more


def pexpect_flood(work, text):
    peers.bash_of_pexpect().close(force=True)
    said = subprocess.check_output([sys.executable, here / "peers.py", "pexpect-flood", text], text=True)
    took, more = said.split()
    return float(took), int(more)


FLOODERS = [("C floor", 1, floor_flood), ("**agent**", 1, agent_flood), ("pexpect", 7, pexpect_flood)]


def play(runners, measure):
    """All results by name, one for each round, and why some have none."""
    results, missing = {name: [] for name, _, _ in runners}, {}
    for number in range(rounds):
        for runner in runners:
            if runner[0] not in missing:
                try:
                    results[runner[0]].append(measure(number, *runner))
                except peers.Missing as why:
                    missing[runner[0]] = str(why)
    return results, missing


def interval(ratios):
    """The median, and where it lies with 95 % certainty."""
    chance = random.Random(7)
    medians = sorted(statistics.median(chance.choices(ratios, k=len(ratios))) for _ in range(4000))
    return statistics.median(ratios), medians[100], medians[-101]


def ratio_cells(all, floor):
    # Some do not take part in each round: C's time is that of the same one.
    ratios = [mine / c for mine, c in zip(all, floor) if mine is not None]
    if len(ratios) == 1:
        return f"{ratios[0]:.3g} | – | 1"
    middle, low, high = interval(ratios)
    return f"{middle:.3g} | {low:.3g}–{high:.3g} | {len(ratios)}"


def table_of_steps(work):
    results, missing = play(RUNNERS, lambda number, name, steps, one: one(work, steps))
    floor = results["C floor"]
    print(f"\n| {STEPS:,} echo steps, each checked | a step | ratio to C | 95 % | rounds | steps of a round |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, steps, _ in RUNNERS:
        if all := results[name]:
            print(f"| {name} | {statistics.median(all) * 1e6:,.0f} µs | {ratio_cells(all, floor)} | {steps:,} |")
    say(missing)


def table_of_floods(work):
    print("\n| 100 MB through one terminal | time | ratio to C | 95 % | rounds | peak over idle |")
    print("| --- | --- | --- | --- | --- | --- |")
    for words, text in (("plain", PLAIN), ("two colour changes a line", COLOUR)):
        skipped = (None, None)
        once = lambda number, name, every, one: skipped if number % every else one(work, text)
        results, missing = play(FLOODERS, once)
        floor = [took for took, _ in results["C floor"]]
        for name, _, _ in FLOODERS:
            took = [took for took, _ in results[name]]
            memory = [more for _, more in results[name] if more is not None]
            peak = f"{max(memory) / 1024:.1f} MiB" if memory else ""
            if played := [one for one in took if one is not None]:
                print(f"| {words}: {name} | {statistics.median(played):.2f} s | {ratio_cells(took, floor)} | {peak} |")
        say(missing)


def looks_while_idle(trace, end):
    """How often a process under strace that is idle now began to wait, read or sleep within 5 s, or went on with it."""
    began = time.time()
    time.sleep(5)
    end()
    # Only now: strace writes when it likes. A line is `PID SECONDS CALL`.
    times = (float(line.split()[1]) for line in trace.read_text().splitlines())
    return sum(began < at < began + 5 for at in times)


def table_of_idling(work):
    calls = "trace=poll,ppoll,read,epoll_wait,nanosleep,clock_nanosleep"
    strace = ["strace", "-f", "-ttt", "-qq", "-o", work / "trace", "-e", calls]
    print("\n| 5 s in which nothing comes | looks |")
    print("| --- | --- |")
    try:
        agent = Agent(*strace)
        agent.say(step(0, "true"))
        agent.finished()
        print(f"| **agent**, the shell at its prompt | {looks_while_idle(work / 'trace', agent.end)} |")
        agent = Agent(*strace)
        agent.say(step(0, "true"))
        agent.finished()
        agent.say(step(1, "sleep 6"))
        next(line for line in agent.process.stdout if line.startswith(b'{"started"'))
        print(f"| **agent**, waiting for a silent command | {looks_while_idle(work / 'trace', agent.end)} |")
        other = subprocess.Popen([*strace, examples / "rexpect_session", "silent", "6"], stdout=subprocess.PIPE)
        other.stdout.readline()
        print(f"| rexpect's own session, waiting for a silent command | {looks_while_idle(work / 'trace', other.wait)} |")
    except FileNotFoundError:
        print("\nNot measured: strace is not installed.")


def say(missing):
    for name, why in missing.items():
        print(f"\n{name.replace('*', '')} is not among them: {why}")


def machine():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.machine())
    load = os.getloadavg()[0]
    print(f"{time.strftime('%F')}, Linux {platform.release()}, {os.cpu_count()} × {cpu}, load {load:.1f} at the start")


def main():
    # A table is read while the next one is made.
    sys.stdout.reconfigure(line_buffering=True)
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        subprocess.run(["cc", "-O2", "-o", work / "floor", here / "floor.c", "-lutil"], check=True)
        machine()
        table_of_steps(work)
        table_of_floods(work)
        table_of_idling(work)


main()
