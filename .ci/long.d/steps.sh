#!/usr/bin/env bash
# 1,000 echo steps, a flood and an idle terminal, against a C program (the performance page's first rows)
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --quiet --releasenexec preprocessor/benches/agent.sh "${ROUNDS:-21}"
