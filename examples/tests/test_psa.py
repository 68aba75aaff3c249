"""Paging, retries and errors of the PSA module, against a scripted `get`."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from bifrost import http

from modules import psa, sla


class Answer:
    """A response."""

    def __init__(self, status_code: int, body: Any = None, headers: dict[str, str] | None = None) -> None:
        self.status_code, self.body, self.headers = status_code, body, headers or {}

    def json(self) -> Any:
        if isinstance(self.body, Exception):
            raise self.body
        return self.body


class Script:
    """Answers in order, then 200 for ever; remembers calls and waits."""

    def __init__(self, *answers: Answer | Exception, pages: int = 1) -> None:
        self.answers, self.pages = list(answers), pages
        self.calls: list[tuple[str, dict[str, Any] | None]] = []
        self.waits: list[float] = []
        self.now = self.most = 0

    async def get(self, url: str, *, params: Any, headers: dict[str, str], timeout: float) -> Answer:
        assert headers["Authorization"] == "Bearer key" and timeout == psa.TIMEOUT_SECONDS
        self.calls.append((url, params))
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.001)
        self.now -= 1
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        number = params["page"] if params else 1
        return Answer(200, {"items": [{"id": number}], "page": number, "pages": self.pages})

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def client(self) -> psa.Psa:
        return psa.Psa("https://psa.example.com/", "key", get=self.get, sleep=self.sleep)


def test_reads_all_pages_in_order_and_not_too_many_at_once() -> None:
    script = Script(pages=23)
    items = asyncio.run(script.client().companies())
    assert [item["id"] for item in items] == list(range(1, 24))
    assert script.most == psa.CONCURRENT_PAGES
    assert script.calls[0] == ("https://psa.example.com/api/v1/companies", {"page": 1, "per_page": psa.PAGE_SIZE})


def test_filters_are_kept_on_every_page() -> None:
    script = Script(pages=3)
    asyncio.run(script.client().open_tickets(7))
    assert all(params and params["companies_id"] == 7 and params["status"] == "open" for _, params in script.calls)


def test_tries_again_with_growing_waits() -> None:
    script = Script(Answer(503), http.Timeout("slow"), Answer(429, headers={"Retry-After": "7"}), Answer(500))
    asyncio.run(script.client().companies())
    assert script.waits == [0.5, 1.0, 7.0, 4.0]


def test_waits_are_bounded() -> None:
    script = Script(Answer(429, headers={"retry-after": "86400"}), Answer(429, headers={"retry-after": "tomorrow"}))
    asyncio.run(script.client().companies())
    assert script.waits == [psa.LONGEST_WAIT_SECONDS, 1.0]


def test_gives_up() -> None:
    script = Script(*[Answer(502)] * psa.ATTEMPTS)
    with pytest.raises(psa.PsaUnavailable, match="after 5 tries: 502"):
        asyncio.run(script.client().companies())
    assert len(script.calls) == psa.ATTEMPTS


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(401), psa.PsaDenied),
        (Answer(403), psa.PsaDenied),
        (Answer(404), psa.PsaNotFound),
        (Answer(418), psa.PsaUnexpected),
        (Answer(200, ValueError("no JSON")), psa.PsaUnexpected),
        (Answer(200, []), psa.PsaUnexpected),
    ],
)
def test_typed_errors_without_another_try(answer: Answer, error: type[Exception]) -> None:
    script = Script(answer)
    with pytest.raises(error):
        asyncio.run(script.client().company(1))
    assert len(script.calls) == 1 and not script.waits


def test_sla() -> None:
    def ticket(number: int, company: int, due: str) -> dict[str, Any]:
        return {"id": number, "title": f"T{number}", "companies_id": company, "company": f"C{company}", "due_at": due}

    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    rows = sla.by_company(
        [
            ticket(1, 1, "2026-02-01T00:00:00+00:00"),
            ticket(2, 2, "2026-01-31T10:30:00+00:00"),
            ticket(3, 2, "2026-01-31T12:00:00+02:00"),
        ],
        now,
    )
    assert [(row["company"], row["open"]) for row in rows] == [("C2", 2), ("C1", 1)]
    assert [(hit["id"], hit["overdue_hours"]) for hit in rows[0]["breached"]] == [(3, 2.0), (2, 1.5)]
    assert rows[1]["breached"] == []
