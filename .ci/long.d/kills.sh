#!/bin/sh
# labs, and every process of mdbook-twin, killed at many moments by root and by an ordinary user: nothing may stay
#   TWIN_KILLS=100 .ci/long.d/kills.sh
set -eu
cd "$(dirname "$0")/../.."
date -u +%F
uname -sr
TWIN_KILLS="${TWIN_KILLS:-100}" cargo test -q --test kills -- --nocapture --test-threads=1
