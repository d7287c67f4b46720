(: </dev/tty) 2>&1 | sed 's/.*: //'
ls -l /proc/self/fd | grep -c -e /dev/pts -e /dev/tty
