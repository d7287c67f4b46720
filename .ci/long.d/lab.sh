#!/usr/bin/env bash
# one echo from the start of the program to the end of its lab, over 31 runs
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --quiet --release
exec python3 preprocessor/benches/lab.py target/release/mdbook-twin "${ROUNDS:-31}"
