"""What the modules for vendors' APIs share: sending, limits, tokens, pages and errors.

| part | what |
|---|---|
| `errors` | the errors that a workflow can tell apart |
| `transport` | one call: slots, pauses, tries |
| `tokens` | where access tokens come from, and keeping one while it is good |
| `session` | calls by path with a token, and how clients are opened |
| `pages` | reading lists to their end |
"""

from .errors import ApiError, Denied, Invalid, NotConfigured, NotFound, RateLimited, Unavailable, Unexpected
from .pages import Record, follow, number_of, numbered, record_of, records_of, together
from .session import ApiClient, Session, page_size, path, setting
from .tokens import (
    ClientCredentials,
    PlatformToken,
    StaticToken,
    Token,
    TokenSource,
    credentials_of,
    source_of,
)
from .transport import Detail, Policy, new_http

__all__ = [
    "ApiClient",
    "ApiError",
    "ClientCredentials",
    "Denied",
    "Detail",
    "Invalid",
    "NotConfigured",
    "NotFound",
    "PlatformToken",
    "Policy",
    "RateLimited",
    "Record",
    "Session",
    "StaticToken",
    "Token",
    "TokenSource",
    "Unavailable",
    "Unexpected",
    "credentials_of",
    "follow",
    "new_http",
    "number_of",
    "numbered",
    "page_size",
    "path",
    "record_of",
    "records_of",
    "setting",
    "source_of",
    "together",
]
