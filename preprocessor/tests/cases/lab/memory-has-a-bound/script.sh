head -c 1G /dev/zero | tail -n 1 2>&1 >/dev/null
# 20 GB at once: mmap of private memory
perl -e 'syscall(9, 0, 20 << 30, 3, 0x22, -1, 0); print "$!\n"'
