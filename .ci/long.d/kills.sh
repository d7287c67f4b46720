#!/bin/sh
# labs killed at many moments, by root's and by an ordinary user's hand: nothing may stay
#   TWIN_KILLS=300 .ci/long.d/kills.sh
set -eu
cd "$(dirname "$0")/../.."
date -u +%F
uname -sr
TWIN_KILLS="${TWIN_KILLS:-300}" cargo test -q --test kills -- --nocapture --test-threads=1
