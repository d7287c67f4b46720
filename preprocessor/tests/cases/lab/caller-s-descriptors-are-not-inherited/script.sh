ls -l /proc/self/fd /proc/1/fd >/tmp/descriptors   # a pipe would show its own ends
sed -n 's/.* -> //p' /tmp/descriptors | grep -v -e '^pipe:' -e '^/proc/' -e '^/dev/null' -e '^/tmp/descriptors'
ls /proc/1/fd >/tmp/numbers; wc -l </tmp/numbers
