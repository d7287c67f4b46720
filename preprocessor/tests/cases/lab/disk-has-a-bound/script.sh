head -c 100M /dev/zero 2>&1 >/tmp/flood | sed 's/.*: //'
