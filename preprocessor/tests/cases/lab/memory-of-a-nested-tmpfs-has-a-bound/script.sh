# Nobody's memory, which stays when a process is killed: the lab may end by it.
(unshare -Urm sh -c 'mount -t tmpfs -o size=2G none /mnt && head -c 1200M /dev/zero >/mnt/flood' && echo over) 2>/dev/null
