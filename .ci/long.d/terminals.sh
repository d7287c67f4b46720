#!/usr/bin/env bash
# echo steps, floods and an idle terminal, beside a C program and the peers from the registries; ROUNDS=21
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --quiet --release --bins --examples
peers=$PWD/target/peers
mkdir -p "$peers"
# One at a time: what can't be installed leaves the others alone, and the table says so.
[ -x "$peers/bin/python3" ] || python3 -m venv "$peers"
for peer in pexpect tesh byexample prysk; do
  "$peers/bin/pip" install --quiet --disable-pip-version-check "$peer" >/dev/null 2>&1 || true
done
[ -x "$peers/bin/scrut" ] || cargo install --quiet --root "$peers" --target-dir "$peers/build" scrut >/dev/null 2>&1 || true
rm -rf "$peers/build"
exec "$peers/bin/python3" preprocessor/benches/terminals.py target/release/mdbook-twin target/release/examples "${ROUNDS:-21}"
