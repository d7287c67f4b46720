perl -e 'open my $kvm, "+<", "/dev/kvm" or die "$!\n"; print "KVM_GET_API_VERSION ", ioctl($kvm, 0xAE00, 0), "\n"' 2>&1
