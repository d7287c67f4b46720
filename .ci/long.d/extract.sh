#!/usr/bin/env bash
# how fast READMEs are read, against pulldown-cmark alone
set -euo pipefail
cd "$(dirname "$0")/../.."
exec cargo bench --quiet --bench extract
