perl -e '
  for my $family (0 .. 60, 1 << 32 | 40) {
    for my $type (1, 2, 3, 5) { socket(my $s, $family, $type, 0) and print "$family " and last }
  }
  # Not only by the low half of the register.
  print syscall(41, (1 << 32) | 40, 1, 0) < 0 ? "refused\n" : "a vsock\n"'
