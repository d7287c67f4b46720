cat /proc/[0-9]*/environ | tr '\0' '\n' | cut -d= -f1 | sort -u | tr '\n' ' '
