"""Which organization of NinjaOne is which client of HaloPSA, kept in the config."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from bifrost import config

KEY = "ninjaone_halopsa_mapping"


@dataclass
class Mapping:
    """Ids of NinjaOne to ids of HaloPSA."""

    clients: dict[int, int] = field(default_factory=dict)
    """Organization to client."""
    sites: dict[int, int] = field(default_factory=dict)
    """Location to site."""

    @classmethod
    async def load(cls) -> Self:
        """As it was saved last; empty at first."""
        saved = await config.get(KEY) or {}
        # JSON has texts as keys.
        return cls(
            *({int(one): int(other) for one, other in saved.get(part, {}).items()} for part in ("clients", "sites"))
        )

    async def save(self) -> None:
        """Keeps it for the next run."""
        await config.set(KEY, {"clients": _texts(self.clients), "sites": _texts(self.sites)})


def _texts(ids: dict[int, int]) -> dict[str, int]:
    return {str(one): other for one, other in sorted(ids.items())}
