#!/usr/bin/env python3
"""The preprocessor alone, warm, against a typed no-op: books of 1,000 chapters without a tutorial and with 100.

    cargo build --release --example noop && cargo build --release
    preprocessor/benches/preprocessor.py [ROUNDS]

Rounds are interleaved, so that what else the machine does meets all alike. Nothing runs: execute = "never".
TWIN_BENCH_OURS and TWIN_BENCH_NOOP name other programs than those in target/release.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

CHAPTERS, TUTORIALS, STEPS = 1000, 100, 10
TARGET = pathlib.Path(__file__).resolve().parents[2] / "target/release"
OUTPUT = "a line of output\\n" * 10
WORDS = "A switch is where cables end, and this one lives in a folder of yours. "


def tutorial(number):
    steps = "".join(
        f"  - id: s{n}\n    title: Step {n}\n    text: Some words about it.\n    run: echo {number} {n} | tr 0-9 a-j\n"
        for n in range(STEPS)
    )
    return f"title: Tutorial {number}\nsteps:\n{steps}"


def transcript(number):
    steps = "".join(
        f"  - id: s{n}\n    terminal: main\n    commands:\n"
        f"      - {{prompt: $, command: 'echo {number} {n} | tr 0-9 a-j', exit: 0, output: \"{OUTPUT}\"}}\n"
        for n in range(STEPS)
    )
    return (
        "twin: 1\nrecorded: '2026-01-01'\ndigest: none\n"
        "facts: {kernel: 6.12.0, arch: x86_64, systems: {}, packages: {}}\n" + f"steps:\n{steps}"
    )


def write_book(root):
    (root / "tutorials").mkdir()
    (root / "src").mkdir()
    (root / "book.toml").write_text('[preprocessor.twin]\nexecute = "never"\n')
    for number in range(TUTORIALS):
        (root / f"tutorials/t{number}.yaml").write_text(tutorial(number))
        (root / f"tutorials/t{number}.transcript.yaml").write_text(transcript(number))


def message(root, tutorials):
    """What mdBook would write to our stdin."""
    items = []
    for number in range(CHAPTERS):
        content = f"# Chapter {number}\n\n" + (WORDS * 10 + "\n\n") * 5
        if number < tutorials:
            content += f"{{{{#tutorial t{number}}}}}\n"
            (root / f"src/c{number}.md").write_text(content)
        path = f"c{number}.md"
        items.append({"Chapter": {
            "name": f"Chapter {number}", "content": content, "number": [number + 1], "sub_items": [],
            "path": path, "source_path": path, "parent_names": [],
        }})
    config = {"book": {"src": "src"}, "preprocessor": {"twin": {"execute": "never"}}}
    context = {"root": str(root), "config": config, "renderer": "html", "mdbook_version": "0.5.4"}
    return json.dumps([context, {"items": items}]).encode()


def seconds(command, stdin):
    environment = {**os.environ, "CI": ""}
    start = time.perf_counter()
    done = subprocess.run([command], input=stdin, capture_output=True, env=environment)
    took = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(f"{command}: exit status {done.returncode}\n{done.stderr.decode()[:2000]}")
    return took


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    ours = os.environ.get("TWIN_BENCH_OURS", str(TARGET / "mdbook-twin"))
    noop = os.environ.get("TWIN_BENCH_NOOP", str(TARGET / "examples/noop"))
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        write_book(root)
        without, with_all = message(root, 0), message(root, TUTORIALS)
        times = {"no-op": [], "without": [], "with": []}
        for _ in range(rounds + 1):
            times["no-op"].append(seconds(noop, without))
            times["without"].append(seconds(ours, without))
            times["with"].append(seconds(ours, with_all))
    middle = {name: statistics.median(took[1:]) * 1000 for name, took in times.items()}
    print(f"typed no-op, {CHAPTERS} chapters: {middle['no-op']:.1f} ms (median of {rounds})")
    print(f"ours, no tutorial:           {middle['without']:.1f} ms, ratio {middle['without'] / middle['no-op']:.2f} (limit 1.5)")
    more = (middle["with"] - middle["without"]) / TUTORIALS
    print(f"ours, {TUTORIALS} tutorials:         {middle['with']:.1f} ms, {more:.2f} ms for each tutorial page (limit 2)")


main()
