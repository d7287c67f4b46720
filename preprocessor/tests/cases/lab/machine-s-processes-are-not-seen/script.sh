ps -eo pid=,comm= >/tmp/processes   # a pipe would show its own shell for a moment
grep -v ps /tmp/processes
