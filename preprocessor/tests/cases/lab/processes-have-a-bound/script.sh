perl -e 'for (1 .. 300) { my $pid = fork; defined $pid or die "$!\n"; $pid or sleep 100 } print "300 processes\n"' 2>&1
