#!/usr/bin/env bash
# the preprocessor alone on 1,000 chapters, without tutorials and with 100, against a typed no-op
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --quiet --release --example noop
cargo build --quiet --release
exec python3 preprocessor/benches/preprocessor.py "${ROUNDS:-21}"
