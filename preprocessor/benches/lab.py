#!/usr/bin/env python3
"""One echo, from the start of `mdbook-twin verify` to its end: program, lab, crun, agent, shell, judgement.

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

with tempfile.TemporaryDirectory() as folder:
    book = pathlib.Path(folder)
    (book / "tutorials").mkdir()
    (book / "book.toml").write_text('[book]\ntitle = "One echo"\n')
    (book / "tutorials/echo.yaml").write_text("title: Echo\nsteps:\n  - run: echo hello\n")
    environment = {**os.environ, "TWIN_CACHE_DIR": str(book / "cache")}

    def twin(*arguments):
        began = time.monotonic()
        subprocess.run([program, *arguments], cwd=book, env=environment, check=True, capture_output=True)
        return (time.monotonic() - began) * 1000

    twin("record", "echo", "--runs", "1")
    times = sorted(twin("verify", "echo") for _ in range(rounds))
    print(f"one echo, uid {os.getuid()}: {statistics.median(times):.1f} ms (median of {rounds}; {times[0]:.1f} to {times[-1]:.1f})")
