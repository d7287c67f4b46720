for file in /usr/twin /usr/bin/twin /usr/local/bin/twin /etc/ssl/twin /etc/ld.so.cache /run/twin/agent; do
  (: >>$file) 2>&1 | sed 's/.*: //'
done
mount -o remount,rw,bind /usr 2>&1 | head -1
mount -t tmpfs none /mnt 2>&1 | head -1
umount /proc/sys/kernel 2>&1 | head -1
