mkfifo /tmp/wait; exec 3<>/tmp/wait
bomb() { bomb | bomb & }
bomb 2>/dev/null
read -t 1 -u 3
set -- /proc/[0-9]*
[ $# -le 64 ] && echo bounded || echo "$# processes"
