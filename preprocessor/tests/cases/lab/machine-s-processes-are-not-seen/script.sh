ps -eo pid=,comm= | grep -v -e ps -e grep
