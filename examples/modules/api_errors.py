"""The errors of all modules for APIs: `from modules.api_errors import NotFound`.

| error | when |
|---|---|
| `NotConfigured` | the integration is missing, or lacks something |
| `ApiError` | base of all below; has `status`, `code`, `message`, `request_id`, `retry_after`, `outcome_unknown` |
| `Invalid` | the API does not accept what it was sent |
| `Denied` | the credentials are wrong, or do not allow this |
| `NotFound` | there is no such thing |
| `RateLimited` | too many calls, and waiting did not help |
| `Unavailable` | the API failed or could not be reached |
| `Unexpected` | an answer that is not understood, or that must not be followed |
"""

from ._rest.errors import (
    ApiError,
    Denied,
    Invalid,
    NotConfigured,
    NotFound,
    RateLimited,
    Unavailable,
    Unexpected,
)

__all__ = [
    "ApiError",
    "Denied",
    "Invalid",
    "NotConfigured",
    "NotFound",
    "RateLimited",
    "Unavailable",
    "Unexpected",
]
