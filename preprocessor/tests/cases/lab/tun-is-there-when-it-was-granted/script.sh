ip -br tuntap add t0 mode tap && ip -o link show t0 | cut -d: -f2
