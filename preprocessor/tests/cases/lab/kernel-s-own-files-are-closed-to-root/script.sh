for file in sys/kernel/core_pattern sys/kernel/hostname sys/vm/drop_caches sysrq-trigger; do
  (: >/proc/$file) 2>/dev/null && echo "$file: open for writing"
done
(: >/sys/kernel/mm/ksm/run) 2>/dev/null && echo 'ksm: open for writing'
(head -c 1 /proc/kcore | wc -c) 2>/dev/null
for folder in /proc/acpi /proc/scsi /sys/firmware; do ls -A $folder 2>/dev/null; done
dmesg >/dev/null 2>&1 && echo 'dmesg: readable'
for node in /dev/sda /dev/vda /dev/mem /dev/kmsg /dev/kvm /dev/fuse /dev/net/tun2; do ls $node 2>/dev/null; done
mknod /tmp/disk b 254 0 2>&1 | sed 's/.*: //'
