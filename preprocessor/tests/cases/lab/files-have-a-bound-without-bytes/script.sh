perl -e 'for (1 .. 100_000) { open(my $f, ">", "/tmp/$_") or print "$!\n" and last }'
