# A tmpfs of its own, a file without a name. It stays when a process is killed: the lab may end by it.
(python3 -c '
import os
file = os.memfd_create("x")
for _ in range(1200): os.write(file, bytes(1 << 20))' && echo over) 2>/dev/null
(unshare -Urm sh -c 'mount -t tmpfs -o size=2G none /mnt && head -c 1200M /dev/zero >/mnt/flood' && echo over) 2>/dev/null
