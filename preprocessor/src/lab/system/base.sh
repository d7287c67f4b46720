# The base of a suite: what a person meets on any Debian machine, sudo, and the ordinary user.
#
# Runs as root of a user namespace (init/work.rs). SOURCE: a line of sources.list; KEY: a key that it needs, or nothing;
# APT: lines of apt.conf; SUITE. The result is $PLACE/building/layer.

root=$PLACE/building/layer
printf '%s\n' "$KEY" >"$PLACE/key.asc"
printf '%s\n' "$APT" >"$PLACE/apt.conf"

# The way it runs is told line by line; what apt asks of the terminal is not wanted.
# hostname to procps: what Debian's installer takes for granted, and every README too.
mmdebstrap --mode=root --variant=minbase --format=directory \
    --aptopt="$PLACE/apt.conf" --dpkgopt=force-unsafe-io \
    --include=hostname,iproute2,iputils-ping,netbase,procps,sudo \
    "$SUITE" "$root" "$SOURCE"

echo 'twin: adding the user'
chroot "$root" useradd --uid 1000 --user-group --no-create-home --home-dir /home/user --shell /bin/bash user
install -d -m 0755 -o 1000 -g 1000 "$root/home/user"
# `su -` asks no password where there is none. Nobody comes in from outside: a lab has no way in.
chroot "$root" passwd --quiet --delete root
echo 'user ALL=(ALL:ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/user"
chmod 0440 "$root/etc/sudoers.d/user"
echo 'LANG=C.UTF-8' >"$root/etc/default/locale"

# What is the machine's, or the mirror's: mmdebstrap copies names and settings so that apt works in there.
rm -f "$root/etc/apt/apt.conf.d/99mmdebstrap" "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
rm -f "$root/etc/resolv.conf" "$root/etc/hostname"
rm -f "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/*
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb
find "$root/var/log" -type f -delete
