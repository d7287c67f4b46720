# Opened, never written to: this host has the machine's network. The kernel refuses, and so does the mount.
(: >>/proc/sys/net/ipv4/ip_forward) 2>&1 | sed 's/.*: //'
grep -o ' /proc/sys proc ro' /proc/mounts
