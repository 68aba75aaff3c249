"""Forms that people fill in to start workflows."""

from __future__ import annotations

import builtins

from . import _context, _platform
from ._models import FormPublic


class forms:
    """`from bifrost import forms`, then `await forms.list()`: those that the caller may use."""

    @staticmethod
    async def list() -> builtins.list[FormPublic]:
        """Forms of the organization and the provider's, without their fields."""
        answer = _platform.current().call("forms.list", {"scope": _context.scope_override()})
        return [FormPublic.of(one) for one in answer]

    @staticmethod
    async def get(form_id: str) -> FormPublic:
        """One form with its fields; `NotFoundError` (a `ValueError`) when the caller may use no such form."""
        arguments = {"form_id": str(form_id), "scope": _context.scope_override()}
        return FormPublic.of(_platform.current().call("forms.get", arguments))
