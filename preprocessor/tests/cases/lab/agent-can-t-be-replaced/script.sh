for file in /run/twin/agent /proc/1/exe; do (: >>$file) 2>&1 | sed 's/.*: //'; done
cp /bin/true /tmp/agent
mv /tmp/agent /run/twin/agent 2>&1 | sed 's/.*: //'
rm /run/twin/agent 2>&1 | sed 's/.*: //'
chmod 0777 /run/twin/agent 2>&1 | sed 's/.*: //'
umount /run/twin/agent 2>&1 | sed 's/.*: //'
perl -e '
  # By a descriptor that was opened for nothing (the way of CVE-2019-5736): openat with O_PATH.
  my $path = "/run/twin/agent";
  my $fd = syscall(257, -100, $path, 010000000, 0);
  $fd >= 0 or die "O_PATH: $!\n";
  print sysopen(my $file, "/proc/self/fd/$fd", 1) ? "open for writing\n" : "$!\n"'
