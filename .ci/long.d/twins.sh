#!/usr/bin/env bash
# every tutorial of the book again and again, started differently, two at a time; ROUNDS=10
#
# The first round builds the systems that the cache does not have yet, so it is not timed. Every second round has two busy
# loops beside it. A tutorial that needs upstream's tree where git can't reach it is skipped.
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${ROUNDS:-10}
cargo build --quiet

hogs=()
left() { [ ${#hogs[@]} -eq 0 ] || kill "${hogs[@]}"; }
trap left EXIT

good=0
for round in $(seq 0 "$rounds"); do
  if [ $((round % 2)) -eq 0 ] && [ "$round" -gt 0 ]; then
    for _ in 1 2; do
      (while :; do :; done) &
      hogs+=($!)
    done
  fi
  begun=$SECONDS code=0
  said=$(target/debug/mdbook-twin verify --jobs 2 --vary "$round" 2>&1) || code=$?
  took=$((SECONDS - begun))
  left
  hogs=()
  [ "$code" -eq 0 ] || grep -v '^running\|^verified' <<<"$said"
  [ "$round" -gt 0 ] || continue
  [ "$code" -ne 0 ] || good=$((good + 1))
  printf 'round %2d: %3d s, %s\n' "$round" "$took" "$(tail -1 <<<"$said")"
done
printf '%d of %d rounds without a failure\n' "$good" "$rounds"
[ "$good" -eq "$rounds" ]
