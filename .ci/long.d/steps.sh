#!/usr/bin/env bash
# 1,000 echo steps, floods and an idle terminal, against a C program
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --quiet --release
exec preprocessor/benches/agent.sh "${ROUNDS:-21}"
