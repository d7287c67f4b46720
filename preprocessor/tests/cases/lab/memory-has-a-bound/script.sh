# The process's own limit ends it, or whoever watches over the lab, whichever comes first; the shell may say which.
exec 2>/dev/null
head -c 1G /dev/zero | tail -n 1 >/dev/null && echo "a process had 1 GB"
perl -e '$x = "x" x (1 << 30)' && echo "a process had 1 GB"
perl -e 'print "20 GB at once\n" if syscall(9, 0, 20 << 30, 3, 0x22, -1, 0) != -1' # mmap of private memory
echo "no more than its part"
