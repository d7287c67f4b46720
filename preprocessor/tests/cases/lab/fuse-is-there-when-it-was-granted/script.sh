# An ordinary user mounts in a user namespace of their own: setuid programs of the machine are plain files here.
unshare -Urm perl -e '
  open my $fuse, "+<", "/dev/fuse" or die "$!\n";
  fcntl($fuse, 2, 0);
  my $fd = fileno($fuse);
  exec "mount", "-i", "-t", "fuse", "-o", "fd=$fd,rootmode=40000,user_id=0,group_id=0", "twin", "/mnt" if !fork;
  wait;
  print "mounted\n" if !$?;
  sysread($fuse, my $request, 65536);
  print "the kernel asks for ", unpack("x4 L", $request) == 26 ? "FUSE_INIT" : "something else", "\n"' 2>&1
