#!/usr/bin/env python3
"""Many tutorials: 50 that each wait a second, 16 at a time against one after another; and 1,000 of ten steps against ten.

    cargo build --release
    preprocessor/benches/many.py [ROUNDS]

Rounds are interleaved, ratios are of medians, with the range of the rounds. What a tutorial costs is told as processor time
(user and system, of the program and of all that its labs ran), which other work on the machine touches least, and as time
on the clock. TWIN_BENCH_OURS names another program than that in target/release.
"""
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

WAITING, JOBS = 50, 16
FEW, MANY, STEPS = 10, 1000, 10
OURS = os.environ.get("TWIN_BENCH_OURS", str(pathlib.Path(__file__).resolve().parents[2] / "target/release/mdbook-twin"))


def book(root, count, steps):
    """A book of tutorials that differ: those that are the same run once."""
    (root / "tutorials").mkdir(parents=True)
    (root / "book.toml").write_text("[book]\ntitle = 'many'\n")
    for number in range(count):
        lines = "".join(f"  - run: {step(number)}\n" for step in steps)
        (root / f"tutorials/t{number}.yaml").write_text(f"title: Number {number}\nsteps:\n{lines}")
    return root, count


def verify(of, jobs):
    """Seconds on the clock, seconds of processor time."""
    root, count = of
    environment = {**os.environ, "TWIN_CACHE_DIR": str(root / "cache")}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [OURS, "verify", "--jobs", str(jobs), "--root", str(root)]
    done = subprocess.run(command, capture_output=True, env=environment, text=True)
    took, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    # Nothing was recorded, so that is what there is to say of a run in which every step was good.
    if done.stderr.splitlines()[-1:] != [f"{count} unrecorded"]:
        sys.exit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stderr[-2000:]}")
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ratio(above, below):
    rounds = sorted(one / other for one, other in zip(above, below))
    return f"{statistics.median(above) / statistics.median(below):.3f} ({rounds[0]:.3f} to {rounds[-1]:.3f})"


def side_by_side(folder, rounds):
    tutorials = book(folder / "waiting", WAITING, [lambda number: f"sleep 1; true {number}"])
    alone, together = [], []
    for _ in range(rounds):
        alone.append(verify(tutorials, 1)[0])
        together.append(verify(tutorials, JOBS)[0])
    print(f"{WAITING} tutorials that wait 1 s, one after another: {statistics.median(alone):.1f} s (median of {rounds})")
    print(f"--jobs {JOBS}: {statistics.median(together):.1f} s, ratio {ratio(together, alone)} (limit 0.1)", flush=True)


def cost(folder, rounds):
    steps = [lambda number, step=step: f"echo {number} {step}" for step in range(STEPS)]
    few, many = book(folder / "few", FEW, steps), book(folder / "many", MANY, steps)
    clock, processor = {FEW: [], MANY: []}, {FEW: [], MANY: []}
    # As many of the few as take a second or so: one alone is over before the machine has settled.
    again = 10
    for _ in range(rounds):
        for of, times in ((few, again), (many, 1)):
            ran = [verify(of, os.cpu_count()) for _ in range(times)]
            clock[of[1]].append(sum(took for took, _ in ran) / times / of[1])
            processor[of[1]].append(sum(used for _, used in ran) / times / of[1])
    for name, values in (("processor time", processor), ("clock", clock)):
        each = f"{statistics.median(values[FEW]) * 1000:.1f} ms of {FEW}, {statistics.median(values[MANY]) * 1000:.1f} ms of {MANY}"
        print(f"a tutorial of {STEPS} steps, {name}: {each}, ratio {ratio(values[MANY], values[FEW])} (limit 1.1)", flush=True)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as folder:
        side_by_side(pathlib.Path(folder), rounds)
        cost(pathlib.Path(folder), rounds)


main()
