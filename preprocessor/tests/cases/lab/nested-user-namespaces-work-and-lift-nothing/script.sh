unshare -Urn ip -o link | cut -d: -f2
unshare -Urm sh -c 'mount -t tmpfs none /mnt && echo mounted'
unshare -Urm sh -c 'mount -o remount,rw,bind /usr' 2>&1
unshare -Urm sh -c 'umount /proc/sys/kernel' 2>&1
unshare -Urmpf sh -c 'mount -t proc proc /proc' 2>&1 | head -1
