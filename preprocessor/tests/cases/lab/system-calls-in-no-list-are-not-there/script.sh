# afs_syscall, clone3, what comes after the kernel's last call, and the last number before another ABI's
perl -e '
  for my $call (183, 435, 600, 0x3fffffff) {
    syscall($call, 0, 0, 0, 0, 0);
    print "$call $!\n";
  }'
# a filter is there at all
grep Seccomp: /proc/self/status
# a debugger may still take a call away from a program
strace -f -o /dev/null -e inject=getppid:error=EPERM perl -e 'print syscall(110) < 0 ? "$!\n" : "it was made\n"'
