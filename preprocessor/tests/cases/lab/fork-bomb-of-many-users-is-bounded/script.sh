perl -e '
  my $all = 0;
  USER: for my $user (2000 .. 2030) {
    pipe(my $reader, my $writer);
    my $pid = fork // last;
    if (!$pid) {
      $< = $> = $user;
      my $count = 1;
      for (1 .. 63) { my $child = fork; defined $child or last; $child or sleep 100; $count++ }
      syswrite $writer, "$count\n";
      sleep 100;
    }
    close $writer;
    $all += <$reader> // 0;
  }
  print $all < 500 ? "bounded\n" : "$all processes\n"'
