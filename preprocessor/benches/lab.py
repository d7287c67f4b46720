#!/usr/bin/env python3
"""One echo, from the start of `mdbook-twin verify` to its end: program, lab, crun, agent, shell, judgement.

On a host made of the machine, on one with a Debian of its own (warm), and on one of two and of five hosts; rounds
interleaved, so that all of them see the same machine.

    preprocessor/benches/lab.py PROGRAM [ROUNDS]
"""
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

program = pathlib.Path(sys.argv[1]).resolve()
rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 31

HOSTS = {
    "the machine": "hosts: {one: machine}\n",
    "two hosts": "hosts: {one: machine, two: machine}\n",
    "five hosts": "hosts: {one: machine, two: machine, three: machine, four: machine, five: machine}\n",
    "Debian trixie": "hosts: {one: {debian: trixie, packages: [tree]}}\n",
}


def name(what):
    return what.lower().replace(" ", "-")


with tempfile.TemporaryDirectory() as folder:
    book = pathlib.Path(folder)
    (book / "tutorials").mkdir()
    (book / "book.toml").write_text('[book]\ntitle = "One echo"\n')
    for what, hosts in HOSTS.items():
        spec = f"title: Echo\n{hosts}steps:\n  - run: echo hello\n"
        (book / f"tutorials/{name(what)}.yaml").write_text(spec)
    environment = {**os.environ, "TWIN_CACHE_DIR": str(book / "cache")}

    def twin(*arguments):
        began = time.monotonic()
        subprocess.run([program, *arguments], cwd=book, env=environment, check=True, capture_output=True)
        return (time.monotonic() - began) * 1000

    for what in HOSTS:
        began = time.monotonic()
        twin("record", name(what), "--runs", "1")
        if "Debian" in what:
            print(f"{what}, made and run for the first time: {time.monotonic() - began:.1f} s")
    times = {what: [] for what in HOSTS}
    for _ in range(rounds):
        for what in HOSTS:
            times[what].append(twin("verify", name(what)))
    base = statistics.median(times["the machine"])
    for what, all in times.items():
        all.sort()
        median = statistics.median(all)
        more = "" if median == base else f", {median - base:+.1f} ms"
        print(f"one echo on {what}, uid {os.getuid()}: {median:.1f} ms{more} (median of {rounds}; {all[0]:.1f} to {all[-1]:.1f})")
    subprocess.run([program, "clean"], cwd=book, env=environment, check=True, capture_output=True)
