"""Nothing of one run is there in the next."""

from bifrost import workflow

from lib import counter

calls = 0


@workflow
async def counter_probe(note: str = "") -> dict[str, object]:
    """Both counters are 1 in every run."""
    global calls
    calls += 1
    counter.count += 1
    counter.seen.append(note)
    return {"calls": calls, "module": counter.count, "seen": counter.seen}


@workflow
async def allocate(mib: int = 64) -> int:
    """Takes that much memory, touches it, and gives it back."""
    block = bytearray(mib << 20)
    for offset in range(0, len(block), 4096):
        block[offset] = 1
    return sum(block[::4096])
