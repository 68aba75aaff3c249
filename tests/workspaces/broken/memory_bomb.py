"""Takes memory without end at import: MemoryError or the memory limit, for this file."""

hoard = []
while True:
    hoard.append(bytearray(1 << 20))
