forward=/proc/sys/net/ipv4/ip_forward
echo 1 >$forward && echo "the host forwards: $(cat $forward)"
user() { setpriv --reuid 1000 --regid 1000 --clear-groups "$@"; }
user sh -c "echo 0 >$forward" 2>&1 | sed 's/.*: //'
user unshare -Urn sh -c "echo \"a namespace within: \$(cat $forward)\"; echo 1 >$forward; echo \"of a user's: \$(cat $forward)\""
echo 0 >$forward
user unshare -Urn sh -c "echo 1 >$forward"
echo "the host, after that: $(cat $forward)"
# What is the whole machine's is not there, or can't be opened.
for file in core/bpf_jit_enable core/bpf_jit_harden core/netdev_budget core/flow_limit_cpu_bitmap unix/nothing; do
  (: >>/proc/sys/net/$file) 2>/dev/null && echo "$file: open for writing"
done
(: >/proc/sys/kernel/hostname) 2>&1 | sed 's/.*: //'
