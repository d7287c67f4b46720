#!/usr/bin/env bash
# 50 tutorials that wait, 16 at a time against one after another; 1,000 tutorials against ten
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --quiet --release
exec python3 preprocessor/benches/many.py "${ROUNDS:-3}"
