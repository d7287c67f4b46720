mount -t tmpfs none /mnt && echo mounted
