# The packages of a system, over its base. SOURCE, KEY, APT, SUITE as in base.sh; PACKAGES and SOURCES: names; ARCH:
# dpkg's word. $PLACE/building/rootfs is the base with $PLACE/building/upper over it, which is the result.
#
# The machine's apt does the work, by its own keys and certificates, and the system's dpkg the rest: nothing has to be
# installed in a system for it to be made.

root=$PLACE/building/rootfs
apt=$PLACE/building/apt
mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/sources"
printf '%s\n' "$KEY" >"$PLACE/key.asc"
printf '%s\n' "$SOURCE" >"$apt/sources.list"
if [ -n "$SOURCES" ]; then
    printf '%s\n' "$SOURCE" | sed 's/^deb /deb-src /' >>"$apt/sources.list"
fi
cat >"$apt/apt.conf" <<END
APT::Architecture "$ARCH";
APT::Architectures { "$ARCH"; };
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
APT::Install-Recommends "false";
Acquire::Languages "none";
Dir::State "$apt/";
Dir::State::lists "$apt/lists";
Dir::State::status "$root/var/lib/dpkg/status";
Dir::State::extended_states "$root/var/lib/apt/extended_states";
Dir::Cache "$apt/";
Dir::Cache::archives "$root/var/cache/apt/archives";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Log "$apt/";
DPkg::Chroot-Directory "$root";
DPkg::Options { "--force-unsafe-io"; "--force-confold"; };
DPkg::Use-Pty "false";
END
printf '%s\n' "$APT" >>"$apt/apt.conf"
export APT_CONFIG=$apt/apt.conf

# What scripts of packages look for. All of it is mounted, so that none of it is in the layer.
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=0755,size=1m twin "$root/dev"
for node in full null random tty urandom zero; do
    touch "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/shm" "$root/dev/pts"
ln -s /proc/self/fd "$root/dev/fd"

# No daemon is started: invoke-rc.d asks this, and 101 is "not allowed".
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 0755 "$root/usr/sbin/policy-rc.d"

echo 'twin: reading the package lists'
apt-get --quiet=2 update
if [ -n "$PACKAGES" ]; then
    echo 'twin: installing packages'
    # shellcheck disable=SC2086 # Several names.
    DEBIAN_FRONTEND=noninteractive apt-get --quiet=2 --yes install $PACKAGES
fi
for name in $SOURCES; do
    echo "twin: unpacking the source of $name"
    mkdir "$apt/sources/$name"
    cd "$apt/sources/$name"
    # The index, which the archive has signed, says all that a .dsc says; some mirrors have no .dsc files.
    apt-get --quiet=2 --download-only --only-source --tar-only source "$name"
    apt-get --quiet=2 --download-only --only-source --diff-only source "$name"
    apt-cache showsrc --only-source "$name" |
        sed -n -e '/^$/q' -e '/\.dsc$/d' -e 's/^Package:/Source:/' -e p >index.dsc
    dpkg-source --no-copy -x index.dsc "$root/usr/src/$name"
    cd /
done

rm -f "$root/usr/sbin/policy-rc.d"
rm -rf "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb "$root"/var/cache/ldconfig/aux-cache
find "$root/var/log" -type f -delete
mountpoint -q "$root/dev" && umount -l "$root/dev"
umount -l "$root/proc"
umount -l "$root"
rm -rf "$apt" "$PLACE/building/work" "$PLACE/building/rootfs"
mv "$PLACE/building/upper" "$PLACE/building/layer"
