ip -o link | cut -d: -f2
ls /sys/class/net
