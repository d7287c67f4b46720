# What works says so.
try() { unshare -Urmnpf sh -c "$*" >/dev/null 2>&1 && echo "$*"; }
try mount -t tmpfs none /mnt
for kind in proc sysfs devtmpfs debugfs tracefs securityfs configfs pstore efivarfs; do try mount -t $kind none /mnt; done
for path in /proc/sys/kernel /proc/sys/vm /proc/bus /proc/sysrq-trigger /proc/keys /sys/firmware /proc /sys /usr /dev/null; do
  try umount $path
  try umount -l $path
  try mount --move $path /mnt
done
try mount --bind /proc /mnt
for path in /usr /proc/sys/kernel /sys /etc/ssl; do
  try mount -o remount,rw,bind $path
  try "mount --rbind $path /mnt && mount -o remount,rw,bind /mnt"
done
try mount -o remount,suid,bind /usr
try mount -o remount,dev,bind /usr
try 'mount -t tmpfs none /mnt && mknod /mnt/disk b 8 0'
try mknod /tmp/memory c 1 1
try nsenter --mount=/proc/1/ns/mnt true
try nsenter --net=/proc/1/ns/net true
