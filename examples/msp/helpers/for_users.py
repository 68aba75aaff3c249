"""Errors of APIs as messages for the person who started the run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bifrost import UserError
from modules.api_errors import Denied, NotConfigured, RateLimited, Unavailable


@contextmanager
def for_users() -> Iterator[None]:
    """Raises `UserError` for what somebody can act on; all else stays what it is."""
    try:
        yield
    except NotConfigured as error:
        raise UserError(str(error)) from error
    except Denied as error:
        raise UserError(f"{error.service} does not allow this. Ask an administrator: {error.message}") from error
    except (RateLimited, Unavailable) as error:
        advice = "It may have been done all the same: look first." if error.outcome_unknown else "Try again later."
        raise UserError(f"{error.service} is not available at the moment. {advice}") from error
