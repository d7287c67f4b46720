perl -e '
  use Socket qw(:DEFAULT pack_sockaddr_in6 inet_pton);
  sub try {
    my ($what, $family, $address) = @_;
    socket(my $socket, $family, SOCK_STREAM, 0) or die "$what: $!\n";
    print "$what: ", connect($socket, $address) ? "reached" : $!, "\n";
  }
  try("ssh agent", AF_UNIX, pack_sockaddr_un("@HOME@/agent.sock"));
  try("abstract", AF_UNIX, pack_sockaddr_un("\0@ABSTRACT@"));
  try("127.0.0.1", AF_INET, pack_sockaddr_in(@PORT@, inet_aton("127.0.0.1")));
  try("::1", AF_INET6, pack_sockaddr_in6(@PORT6@, inet_pton(AF_INET6, "::1")));
  try("interface", AF_INET, pack_sockaddr_in(@PORT@, inet_aton("@ADDRESS@")));
'
ls -A /run /var/run/ | sort -u
ls -d /run/user /run/dbus /run/docker.sock /run/containerd 2>/dev/null
