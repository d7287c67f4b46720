cat >/tmp/writable <<'END'
use Fcntl;
use File::Find;
my $count = 0;
find({ no_chdir => 1, wanted => sub {
  # Whoever opens a file of /proc/pressure for writing is told of pressure, and changes nothing.
  return if -l $_ or not -f _ or m{^/proc/(\d|self|thread-self|pressure/)};
  $count++;
  sysopen(my $file, $_, O_WRONLY | O_NONBLOCK) and print "$ARGV[0] can write $_\n";
} }, "/proc", "/sys");
print "few files: $count\n" if $count < 500;
END
perl /tmp/writable root
setpriv --reuid 1000 --regid 1000 --clear-groups perl /tmp/writable user
setpriv --reuid 1000 --regid 1000 --clear-groups unshare -Urmnipuf perl /tmp/writable nested
