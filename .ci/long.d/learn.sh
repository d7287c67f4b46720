#!/usr/bin/env bash
# what `record` learned: clean runs of the quick tutorials, other suites, users, host names and zones; all mutants; TIMES=100
#
# The systems are built in caches of its own, unless CACHE names a folder for root's to be kept in. The user's own ids are
# new each time, so theirs are never kept.
# The other starts are those of `--vary`: another host name, other pids, another time zone and uptime.
set -euo pipefail
cd "$(dirname "$0")/../.."
times=${TIMES:-100}
read -ra tutorials <<<"${TUTORIALS:-first-steps vde-namespaces two-hosts fuse2fs}"
cargo build --quiet

cache=${CACHE:-$(mktemp -d)}
mkdir -p "$cache"
world=$(mktemp -d)
user=
left() {
  [ -z "$user" ] || userdel "$user"
  rm -rf "$world"
  [ -n "${CACHE:-}" ] || rm -rf "$cache"
}
trap left EXIT

# The user need not be able to read the folder that all this stands in.
mkdir -p "$world/book" "$world/runs" "$world/said"
chmod 755 "$world"
cp target/debug/mdbook-twin "$world/twin"
cp -r book.toml tutorials "$world/book"
users=(root)
if [ "$(id -u)" -eq 0 ]; then
  user=twin$$
  useradd --no-create-home "$user"
  users+=(user)
  mkdir "$world/user"
  chown "$user" "$world/user"
  # As udev makes them: open to all. Where they are not, the user's runs see these instead.
  mknod -m 666 "$world/tun" c 10 200
  mknod -m 666 "$world/fuse" c 10 229
else
  users=(user)
fi

# WHO LABEL NAME ARGUMENT…: sets `answer`; what it said goes to said/, what it showed to runs/
alarms=0
once() {
  local who=$1 label=$2 name=$3
  shift 3
  local as=() own=$cache
  if [ "$who" = user ] && [ -n "$user" ]; then
    # shellcheck disable=SC2016  # for the inner shell
    as=(unshare --mount sh -c 'mount --bind "$1/tun" /dev/net/tun; mount --bind "$1/fuse" /dev/fuse; shift; exec "$@"' -
      "$world" setpriv --reuid "$user" --regid "$user" --init-groups)
    own=$world/user
  fi
  local said=$world/said/$name.$label code=0
  "${as[@]}" env TWIN_CACHE_DIR="$own" HOME="$own" "$world/twin" verify "$name" --root "$world/book" "$@" >"$said" 2>&1 || code=$?
  case $code in
    0) answer=verified ;;
    3) answer=skipped ;;
    *) answer=FAILED; alarms=$((alarms + 1)) ;;
  esac
  if [ "$code" -eq 0 ]; then
    # shellcheck disable=SC2012  # names of ours
    cp "$own/latest/$(ls -t "$own/latest" | head -1)" "$world/runs/$name.$label.json"
  else
    printf '%s, %s:\n' "$name" "$label"
    cat "$said"
  fi
}

printf 'clean runs, %s of each\n' "$times"
for name in "${tutorials[@]}"; do
  good=0 all=0
  for time in $(seq "$times"); do
    once "${users[0]}" "clean-$time" "$name"
    all=$((all + 1))
    [ "$answer" != verified ] || good=$((good + 1))
    # The first ones are mutated below; the others have said what they had to say.
    [ "$time" -le 2 ] || rm -f "$world/runs/$name.clean-$time.json"
  done
  printf '%-16s %3d of %3d verified\n' "$name" "$good" "$all"
done

printf '\none run each, started differently\n%-16s' tutorial
for suite in bookworm trixie; do
  for who in "${users[@]}"; do printf ' %-16s' "$suite, $who"; done
done
echo
seed=1
for name in "${tutorials[@]}"; do
  row=$(printf '%-16s' "$name")
  for suite in bookworm trixie; do
    for who in "${users[@]}"; do
      once "$who" "$suite-$who" "$name" --suite "$suite" --vary "$seed"
      row+=$(printf ' %-16s' "$answer")
      seed=$((seed + 1))
    done
  done
  echo "$row"
done
# Where the tutorial itself asks for its suite, it starts differently too: that shows what host names are for.
for name in "${tutorials[@]}"; do once "${users[0]}" varied "$name" --vary "$seed"; done

echo
TWIN_MUTANTS=all TWIN_RUNS="$world/runs" cargo test --quiet --test mutants -- --nocapture --test-threads=1
printf '\n%d false alarms\n' "$alarms"
[ "$alarms" -eq 0 ]
