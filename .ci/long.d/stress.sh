#!/usr/bin/env bash
# verify vde-namespaces again and again while stress-ng keeps every core busy: each time it must be verified; TIMES=200
set -euo pipefail
cd "$(dirname "$0")/../.."
times=${TIMES:-200}
command -v stress-ng >/dev/null || apt-get install -y -qq --no-install-recommends stress-ng >/dev/null
cargo build --quiet --release
cache=$(mktemp -d)
# Two hogs for each core: whatever we start has to wait for its turn.
stress-ng --quiet --cpu $((2 * $(nproc))) &
stress=$!
trap 'kill "$stress"; wait "$stress" || true; target/release/mdbook-twin clean >/dev/null 2>&1 || true; rm -rf "$cache"' EXIT
export TWIN_CACHE_DIR=$cache
verified=0
for time in $(seq "$times"); do
  # An answer out of the cache would say nothing.
  if target/release/mdbook-twin verify vde-namespaces >"$cache/said" 2>&1 && grep -q "^verified vde-namespaces in" "$cache/said"; then
    verified=$((verified + 1))
  else
    printf 'time %d: exit %d\n' "$time" $?
    cat "$cache/said"
  fi
done
echo "vde-namespaces on $(nproc) cores with $((2 * $(nproc))) hogs: $verified of $times verified, load $(cut -d' ' -f1 /proc/loadavg) at the end"
[ "$verified" -eq "$times" ]
