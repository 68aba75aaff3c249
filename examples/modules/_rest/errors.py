"""What goes wrong with an API, as types that a workflow can tell apart."""

from __future__ import annotations

from bifrost import ConfigurationError, IntegrationError

LONGEST_MESSAGE = 500
"""Characters that are kept of what an API says."""


class NotConfigured(ConfigurationError):
    """The integration is missing, or lacks something that is needed to connect."""


class ApiError(IntegrationError):
    """An API refused a call, failed at it, or could not be reached.

    | attribute | |
    |---|---|
    | `service` | the API, for instance `NinjaOne` |
    | `status` | the HTTP status; `None` when there was no answer |
    | `code` | the API's own name or number of the error, when it gave one |
    | `message` | what the API said |
    | `request_id` | what the vendor's support asks for, when the API gave one |
    | `retry_after` | seconds that the API wants to be left alone, when it said so |
    | `outcome_unknown` | true when the call may have been carried out all the same |
    """

    def __init__(
        self,
        message: str,
        *,
        service: str = "",
        call: str = "",
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        outcome_unknown: bool = False,
    ) -> None:
        self.service = service
        self.status = status
        self.code = code
        self.message = message[:LONGEST_MESSAGE]
        self.request_id = request_id
        self.retry_after = retry_after
        self.outcome_unknown = outcome_unknown
        self._call = call
        super().__init__(message)

    def __str__(self) -> str:
        where = " ".join(filter(None, (self.service, self._call)))
        what = " ".join(filter(None, (str(self.status or ""), self.code, self.message)))
        text = f"{where}: {what}" if where else what
        if self.request_id:
            text += f" (request {self.request_id})"
        if self.outcome_unknown:
            text += "; it may have been carried out"
        return text


class Invalid(ApiError):
    """The API does not accept what it was sent (400, 409, 422 and the like)."""


class Denied(ApiError):
    """The credentials are wrong, or do not allow this (401, 403)."""


class NotFound(ApiError):
    """There is no such thing (404, 410)."""


class RateLimited(ApiError):
    """Too many calls (429), and waiting did not help or would take too long."""


class Unavailable(ApiError):
    """The API failed (5xx) or could not be reached, also after the tries that were safe."""


class Unexpected(ApiError):
    """The API answered something that is not understood, or that must not be followed."""


def kind_of(status: int) -> type[ApiError]:
    """The error that an HTTP status stands for."""
    if status in (401, 403):
        return Denied
    if status in (404, 410):
        return NotFound
    if status == 429:
        return RateLimited
    if status == 408 or status >= 500:
        return Unavailable
    return Invalid if status >= 400 else Unexpected
