for what in environ mem maps root cwd exe fd; do ls /proc/@PID@/$what >/dev/null 2>&1 && echo "$what of the machine's process"; done
perl -e 'print kill(0, @PID@) ? "can be signalled\n" : "$!\n"'
