"""Random numbers: two runs must never agree, though both start from one snapshot."""

import random
import secrets
import tempfile
import uuid

from bifrost import workflow

made_at_import = random.Random()
seeded_at_import = random.Random(42)


class Holder:
    """Keeps a generator where only a walk over objects finds it."""

    def __init__(self) -> None:
        self.generator = {"inside": [random.Random()]}


holder = Holder()


@workflow
async def randomness() -> dict[str, str]:
    """One value of every source. All differ between runs, `seeded` too: reseeding finds it."""
    return {
        "random": repr(random.random()),
        "randbytes": random.randbytes(16).hex(),
        "made_at_import": repr(made_at_import.random()),
        "seeded_at_import": repr(seeded_at_import.random()),
        "held": repr(holder.generator["inside"][0].random()),
        "made_now": repr(random.Random().random()),
        "system": repr(random.SystemRandom().random()),
        "uuid1": str(uuid.uuid1()),
        "uuid4": str(uuid.uuid4()),
        "secrets": secrets.token_hex(16),
        "tempfile": next(tempfile._get_candidate_names()),
    }


@workflow
async def seeded() -> list[float]:
    """A seed that the run sets itself gives the same numbers every time."""
    random.seed(7)
    return [random.random(), random.Random(7).random()]
