# No rlimit counts it: a shared mapping, and a file without a name.
(python3 -c '
import mmap
memory = mmap.mmap(-1, 1200 << 20)
for at in range(0, len(memory), 4096): memory[at] = 1' && echo over) 2>/dev/null
(python3 -c '
import os
file = os.memfd_create("x")
for _ in range(1200): os.write(file, bytes(1 << 20))' && echo over) 2>/dev/null
