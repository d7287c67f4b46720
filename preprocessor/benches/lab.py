#!/usr/bin/env python3
"""One echo, from the start of `mdbook-twin verify` to its end: program, lab, crun, agent, shell, judgement.

On a host made of the machine, on one with a Debian of its own (warm), and on one of two and of five hosts. As root also
the floor, in the same rounds: the same namespaces, a tmpfs, an overlay and crun with the very config.json that we give
it, and `bash -c 'echo hello'` in a PTY, alone (`lab_floor.c`; needs cc). And without any filter of system calls, to see
what that costs. Ratios are of the same round, their 95 % intervals by bootstrap.

With a folder of a Python environment that has pexpect and tesh, what these take, in no container: reported, not compared.

    preprocessor/benches/lab.py PROGRAM [ROUNDS [ENVIRONMENT]]
"""
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

program = pathlib.Path(sys.argv[1]).resolve()
rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 31
python = pathlib.Path(sys.argv[3]) / "bin" if len(sys.argv) > 3 else None
benches = pathlib.Path(__file__).resolve().parent

HOSTS = {
    "the machine": "hosts: {one: machine}\n",
    "two hosts": "hosts: {one: machine, two: machine}\n",
    "five hosts": "hosts: {one: machine, two: machine, three: machine, four: machine, five: machine}\n",
    "Debian trixie": "hosts: {one: {debian: trixie, packages: [tree]}}\n",
}
CRUN = "crun --root /mnt/state --cgroup-manager=disabled run --bundle /mnt/bundle one".split()
PEXPECT = "import pexpect; s = pexpect.spawn('bash'); s.sendline('echo hello'); s.expect('hello.*hello'); s.sendline('exit'); s.expect(pexpect.EOF)"
TESH = '```console tesh-session="hello"\n$ echo hello\nhello\n```\n'


def name(what):
    return what.lower().replace(" ", "-")


def interval(ratios):
    """The median's 95 % interval; the same for the same figures."""
    dice = random.Random(1)
    medians = sorted(statistics.median(dice.choices(ratios, k=len(ratios))) for _ in range(2000))
    return medians[50], medians[1949]


def config_in(lab):
    """The config.json of a lab that stands, seen through its PID 1."""
    for _ in range(1000):
        for keeper in children(lab.pid):
            for first in children(keeper):
                config = pathlib.Path(f"/proc/{first}/root/mnt/hosts/one/config.json")
                if config.exists() and config.stat().st_size > 0:
                    return json.loads(config.read_text())
        time.sleep(0.01)
    sys.exit("no lab shows its config.json")


def children(pid):
    return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def floors(folder, twin_lab):
    """Command lines by name."""
    if os.getuid() != 0 or not shutil.which("cc"):
        print("the floor is not measured: it needs root and cc")
        return {}
    lab = subprocess.Popen(twin_lab, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, **BOOK)
    try:
        config = config_in(lab)
    finally:
        lab.stdin.close()
        lab.wait()
    config["process"]["args"] = ["/bin/bash", "--noediting", "-c", "echo hello"]
    config["mounts"] = [mount for mount in config["mounts"] if mount["destination"] != "/run/twin/agent"]
    floor = folder / "lab_floor"
    subprocess.run(["cc", "-O2", "-o", floor, benches / "lab_floor.c"], check=True)
    (folder / "same.json").write_text(json.dumps(config))
    del config["annotations"], config["linux"]["seccomp"]
    (folder / "bare.json").write_text(json.dumps(config))
    return {
        "lab + crun + overlay + bash alone": [floor, folder / "same.json", *CRUN],
        "the same without a filter": [floor, folder / "bare.json", *CRUN],
    }


def peers(folder):
    if python is None:
        return {}
    (folder / "hello.md").write_text(TESH)
    return {
        "pexpect": [python / "python3", "-c", PEXPECT],
        "tesh": [python / "tesh", folder / "hello.md"],
    }


with tempfile.TemporaryDirectory() as folder:
    book = pathlib.Path(folder)
    (book / "tutorials").mkdir()
    (book / "book.toml").write_text('[book]\ntitle = "One echo"\n')
    for what, hosts in HOSTS.items():
        spec = f"title: Echo\n{hosts}steps:\n  - run: echo hello\n"
        (book / f"tutorials/{name(what)}.yaml").write_text(spec)
    environment = {**os.environ, "TWIN_CACHE_DIR": str(book / "cache")}
    BOOK = {"cwd": book, "env": environment}

    def milliseconds(command):
        began = time.monotonic()
        subprocess.run(command, check=True, capture_output=True, **BOOK)
        return (time.monotonic() - began) * 1000

    for what in HOSTS:
        took = milliseconds([program, "record", name(what), "--runs", "1"])
        if "Debian" in what:
            print(f"{what}, made and run for the first time: {took / 1000:.1f} s")
    commands = {f"one echo on {what}": [program, "verify", name(what)] for what in HOSTS}
    found = floors(book, [program, "lab", "the-machine", "--", "cat"])
    floor = next(iter(found), None)
    commands |= found
    commands |= peers(book)
    times = {what: [] for what in commands}
    for _ in range(rounds):
        for what, command in commands.items():
            times[what].append(milliseconds(command))
    for what, all in times.items():
        line = f"{what}, uid {os.getuid()}: {statistics.median(all):.1f} ms (median of {rounds}; {min(all):.1f} to {max(all):.1f})"
        if floor and what != floor:
            ratios = [one / low for one, low in zip(all, times[floor])]
            low, high = interval(ratios)
            line += f", {statistics.median(ratios):.2f} of the floor ({low:.2f} to {high:.2f})"
        print(line)
    subprocess.run([program, "clean"], check=True, capture_output=True, **BOOK)
