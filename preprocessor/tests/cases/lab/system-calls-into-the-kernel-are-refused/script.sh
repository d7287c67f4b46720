perl -e '
  # bpf, perf_event_open, keyctl, add_key, request_key, kexec_load, init_module, open_by_handle_at, userfaultfd,
  # swapon, reboot, io_uring_setup
  for my $call (321, 298, 250, 248, 249, 246, 175, 304, 323, 167, 169, 425) {
    syscall($call, 0, 0, 0, 0, 0);
    print "$call $!\n";
  }'
