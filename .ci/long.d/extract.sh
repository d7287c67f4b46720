#!/usr/bin/env bash
# how fast READMEs are read, against pulldown-cmark alone; FILES names others than those of the test cases
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck disable=SC2086  # a list of names
exec cargo bench --quiet --bench extract -- ${FILES:-}
