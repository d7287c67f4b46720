cat @HOME@/.ssh/id_test 2>&1 | sed 's/.*: //'
(: >@HOME@/repository/twin) 2>&1 | sed 's/.*: //'
ls -A /root /home/user /mnt /opt /srv /tmp /var/lib | grep -v -e : -e "^$"
mkdir /tmp/jail
perl -e '
  # The way out of a chroot: the working directory stays behind.
  chroot "/tmp/jail" or die "chroot: $!\n";
  chdir ".." for 1 .. 50;
  chroot "." or die "chroot: $!\n";
  print -e "@HOME@" ? "the machine\n" : "the host\n"'
