for kind in cgroup cgroup2; do
  unshare -Urm mount -t $kind -o "$([ $kind = cgroup ] && echo memory)" none /mnt 2>&1 | head -1 | sed 's/.*: //'
  unshare -UrmC mount -t $kind none /mnt 2>&1 | head -1 | sed 's/.*: //'
done
perl -e '
  # unshare, clone and clone3 with CLONE_NEWUSER | CLONE_NEWCGROUP
  my $flags = 0x10000000 | 0x02000000;
  for my $call ([272, $flags], [56, $flags | 17, 0, 0, 0, 0], [435, pack("Q11", $flags, 0, 0, 0, 17), 88]) {
    my $result = syscall($$call[0], @$call[1 .. $#$call]);
    if ($result == 0) { print "a cgroup namespace\n"; exit }
    print "$!\n";
  }'
cat /proc/self/cgroup | cut -d: -f3 | sort -u
ls -A /sys/fs/cgroup
