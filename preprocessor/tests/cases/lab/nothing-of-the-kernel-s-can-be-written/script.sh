cat >/tmp/writable <<'END'
use Fcntl;
use File::Find;
# Folders of /proc do not count their folders.
$File::Find::dont_use_nlink = 1;
my ($proc, $sys) = (0, 0);
find({ no_chdir => 1, wanted => sub {
  # Whoever opens a file of /proc/pressure for writing is told of pressure, and changes nothing. What /proc/sys/net
  # holds is of the host's own network: network-switches-are-the-host-s-own.
  return if -l $_ or not -f _ or m{^/proc/(\d|self|thread-self|pressure/|sys/net/)};
  m{^/proc/sys/} ? $proc++ : $sys++;
  sysopen(my $file, $_, O_WRONLY | O_NONBLOCK) and print "$ARGV[0] can write $_\n";
} }, "/proc", "/sys");
print "few files: $proc, $sys\n" if $proc < 100 or $sys < 500;
END
perl /tmp/writable root
setpriv --reuid 1000 --regid 1000 --clear-groups perl /tmp/writable user
setpriv --reuid 1000 --regid 1000 --clear-groups unshare -Urmnipuf perl /tmp/writable nested
