# By the rlimit of a process, or by the limit of the lab, whichever is met first.
(head -c 1G /dev/zero | tail -n 1; exit ${PIPESTATUS[1]}) >/dev/null 2>&1 && echo a gigabyte || echo bounded
# 20 GB at once: mmap of private memory
perl -e 'syscall(9, 0, 20 << 30, 3, 0x22, -1, 0); print "$!\n"'
