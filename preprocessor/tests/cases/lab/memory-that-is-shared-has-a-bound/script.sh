# No rlimit counts it.
(python3 -c '
import mmap
memory = mmap.mmap(-1, 1200 << 20)
for at in range(0, len(memory), 4096): memory[at] = 1' && echo over) 2>/dev/null
