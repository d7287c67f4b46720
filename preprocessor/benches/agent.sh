#!/bin/bash
# The agent against the floor (floor.c), in interleaved rounds: benches/agent.sh [ROUNDS]
#
# Prints, per row of the performance table, the median of ours, of C, and of their ratios. Needs a C compiler, and strace
# for the idle terminal. AGENT names another binary than the release build.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
agent=${AGENT:-$here/../../target/release/mdbook-twin}
rounds=${1:-21}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cc -O2 -o "$work/floor" "$here/floor.c" -lutil

open='{"open":{"terminal":0,"shell":["/bin/bash","--norc"],"uid":'$(id -u)',"gid":'$(id -g)',"env":{"PATH":"'$PATH'","HOME":"/","TERM":"xterm"},"cwd":"/","size":[80,24]}}'

step() { # COMMAND (as it stands in JSON)
  printf '{"step":{"step":0,"phase":"main","terminal":0,"action":{"run":{"commands":[{"text":"%s","prompt":"$","opens":null,"leaves":0,"exits":false,"readme_line":null,"documented":[]}],"background":null,"until":null,"retry":null,"dialog":[]}},"timeout":{"secs":300,"nanos":0},"exit":{"code":0},"capture":{},"keep":1048576}}\n' "$1"
}

requests() { # COMMAND…
  printf '{"hello":{"version":1,"secrets":{}}}\n%s\n' "$open"
  for command; do step "$command"; done
  printf '"bye"\n'
}

play() { # REQUESTS: seconds from the first output to the last, by the agent's own stamps
  mkfifo "$work/in"
  "$agent" agent <"$work/in" >"$work/out" &
  local pid=$!
  exec 3>"$work/in"
  rm "$work/in"
  cat "$1" >&3
  wait "$pid"
  exec 3>&-
  grep -o '"took":{"secs":[0-9]*,"nanos":[0-9]*}\|\[\[[0-9]*,' "$work/out" | tr -c '0-9\n' ' ' | awk '
    NF == 2 { took = $1 + $2 / 1e9; total = took }
    NF == 1 { if (!first) first = $1; last = $1; count++ }
    END { printf "%.6f\n", ((count > 1) ? (last - first) / 1e6 : total) }'
}

median() { sort -g | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

compare() { # NAME REQUESTS FLOOR-ARGUMENTS…
  local name=$1 file=$2
  shift 2
  : >"$work/ours" >"$work/c" >"$work/ratio"
  for _ in $(seq "$rounds"); do
    c=$("$work/floor" "$@")
    ours=$(play "$file")
    echo "$c" >>"$work/c"
    echo "$ours" >>"$work/ours"
    awk "BEGIN { print $ours / $c }" >>"$work/ratio"
  done
  printf '%-32s agent %s s, C %s s, ratio %s (%s to %s, %d rounds)\n' "$name" "$(median <"$work/ours")" \
    "$(median <"$work/c")" "$(median <"$work/ratio")" "$(sort -g "$work/ratio" | head -1)" \
    "$(sort -g "$work/ratio" | tail -1)" "$rounds"
}

mapfile -t echoes < <(seq -f 'echo %.0f' 0 999)
requests "${echoes[@]}" >"$work/steps"
compare '1,000 echo steps' "$work/steps" steps 1000

plain='yes 0123456789012345678901234567890123456789 | head -c 100000000'
requests "$plain" >"$work/plain"
compare '100 MB, plain' "$work/plain" flood "$plain"

requests "yes \$(printf '\\\\033[31m0123456789\\\\033[0m0123456789012345678901234567890123456789') | head -c 100000000" >"$work/colour"
compare '100 MB, two colours a line' "$work/colour" flood \
  "yes \$(printf '\\033[31m0123456789\\033[0m0123456789012345678901234567890123456789') | head -c 100000000"

if command -v strace >/dev/null; then
  mkfifo "$work/in"
  strace -f -tt -e trace=poll,ppoll,read,epoll_wait -o "$work/trace" "$agent" agent <"$work/in" >"$work/out" &
  pid=$!
  exec 3>"$work/in"
  requests true | grep -v '^"bye"$' >&3
  until grep -q '"finished"' "$work/out"; do sleep 0.1; done
  before=$(wc -l <"$work/trace")
  sleep 5
  echo "idle for 5 s: $(($(wc -l <"$work/trace") - before)) system calls that wait or read returned or began"
  exec 3>&-
  wait "$pid"
fi
