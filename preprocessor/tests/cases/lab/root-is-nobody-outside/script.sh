id -u
cut -c 1-10,22- /proc/self/uid_map
setpriv --reuid 65536 --clear-groups true 2>&1
setpriv --regid 65536 --clear-groups true 2>&1
stat -c %U /usr /usr/bin/bash
