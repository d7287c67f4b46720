cat /proc/self/cgroup | cut -d: -f3 | sort -u
ls -A /sys/fs/cgroup
