#!/usr/bin/env bash
# one echo, from the start of the program to the end of its lab: on the machine, on a Debian, on several hosts
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --quiet --release
exec python3 preprocessor/benches/lab.py target/release/mdbook-twin "${ROUNDS:-31}"
