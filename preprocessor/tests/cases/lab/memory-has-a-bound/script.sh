head -c 1G /dev/zero | tail -n 1 2>&1 >/dev/null
