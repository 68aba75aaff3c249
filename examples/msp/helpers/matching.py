"""Finds the same customer in systems that spell its name in their own way."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

LEGAL_FORMS = frozenset(
    {"ab", "ag", "bv", "co", "corp", "gmbh", "inc", "kg", "llc", "ltd", "nv", "plc", "sa", "sarl", "srl"}
)


def key(name: str) -> str:
    """What is left of a name without case, signs and legal form: `Contoso GmbH & Co. KG` is `contoso`."""
    words = re.findall(r"\w+", name.casefold())
    return " ".join(word for word in words if word not in LEGAL_FORMS) or " ".join(words)


def by_name(records: Iterable[Mapping[str, Any]], field: str = "name") -> dict[str, list[Mapping[str, Any]]]:
    """The records by the key of their name. More than one under a key cannot be told apart."""
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for record in records:
        found[key(str(record[field]))].append(record)
    return found
