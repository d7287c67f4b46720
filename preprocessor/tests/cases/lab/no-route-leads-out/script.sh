for to in 192.0.2.1 9.9.9.9 2001:db8::1; do ip route get $to 2>&1; done
