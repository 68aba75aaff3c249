"""A loopback PSA for end-to-end tests: `python3 psa.py --port 0 --key KEY`.

Prints `listening on http://127.0.0.1:PORT` and serves until it is ended.

* `GET /api/v1/companies` and `/api/v1/tickets` (`companies_id`, `status`): pages
  (`page`, `per_page` up to 100) as `{"items", "page", "per_page", "pages", "total"}`.
* `GET /api/v1/companies/{id}`: one company, or 404.
* 401 without `Authorization: Bearer KEY`.
* Every `--limit-every`-th API request answers 429 with `Retry-After: 0`, every
  `--fail-every`-th 503; 0 turns it off.
* `GET /_stats` (no key): how many requests, most at once, and how often which status.

The data is the same every time: 230 companies; company N has N % 7 open tickets and
N % 3 closed ones; of the open ones, every third is past its time. `/_stats` has the
totals to compare with.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

COMPANIES = 230
MAX_PAGE_SIZE = 100

Record = dict[str, Any]


def make_companies() -> list[Record]:
    """230 companies, not sorted by name."""
    return [{"id": n, "name": f"Company {(n * 37) % COMPANIES:03}", "is_active": n % 11 != 0} for n in range(1, COMPANIES + 1)]


def make_tickets(companies: list[Record], now: datetime) -> list[Record]:
    """Tickets whose times are relative to `now`."""
    tickets: list[Record] = []
    for company in companies:
        n = company["id"]
        statuses = ["open"] * (n % 7) + ["closed"] * (n % 3)
        for index, status in enumerate(statuses):
            late = status == "open" and index % 3 == 0
            tickets.append({
                "id": len(tickets) + 1,
                "title": f"Ticket {index + 1} of {company['name']}",
                "companies_id": n,
                "company": company["name"],
                "status": status,
                "opened_at": (now - timedelta(hours=100 + index)).isoformat(),
                "due_at": (now + timedelta(hours=-(1 + n % 48) if late else 24 + n % 48)).isoformat(),
            })
    return tickets


class Psa(ThreadingHTTPServer):
    """The data and the counters."""

    daemon_threads = True

    def __init__(self, port: int, key: str, limit_every: int, fail_every: int, delay: float) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.key, self.limit_every, self.fail_every, self.delay = key, limit_every, fail_every, delay
        self.companies = make_companies()
        self.tickets = make_tickets(self.companies, datetime.now(UTC))
        self.lock = threading.Lock()
        self.requests = self.current = self.most = 0
        self.statuses: Counter[int] = Counter()

    def stats(self) -> Record:
        """What happened so far, and the totals of the data."""
        open_tickets = [ticket for ticket in self.tickets if ticket["status"] == "open"]
        now = datetime.now(UTC)
        with self.lock:
            return {
                "requests": self.requests,
                "most_at_once": self.most,
                "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
                "companies": len(self.companies),
                "open_tickets": len(open_tickets),
                "breaches": sum(datetime.fromisoformat(ticket["due_at"]) < now for ticket in open_tickets),
            }


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    server: Psa

    def do_GET(self) -> None:
        """Answers, and counts."""
        if self.path == "/_stats":
            self._send(200, self.server.stats())
            return
        server = self.server
        with server.lock:
            server.requests += 1
            number = server.requests
            server.current += 1
            server.most = max(server.most, server.current)
        try:
            time.sleep(server.delay)
            status, body = self._answer(number)
        finally:
            with server.lock:
                server.current -= 1
        with server.lock:
            server.statuses[status] += 1
        self._send(status, body)

    def _answer(self, number: int) -> tuple[int, Record]:
        server = self.server
        if self.headers.get("Authorization") != f"Bearer {server.key}":
            return 401, {"error": "the key is missing or wrong"}
        if server.limit_every and number % server.limit_every == 0:
            return 429, {"error": "too many requests"}
        if server.fail_every and number % server.fail_every == 0:
            return 503, {"error": "try again"}
        url = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        match url.path.strip("/").split("/"):
            case ["api", "v1", "companies"]:
                return page(server.companies, query)
            case ["api", "v1", "companies", number_text]:
                found = [company for company in server.companies if str(company["id"]) == number_text]
                return (200, found[0]) if found else (404, {"error": "no such company"})
            case ["api", "v1", "tickets"]:
                filters = {name: query[name] for name in ("companies_id", "status") if name in query}
                return page([t for t in server.tickets if all(str(t[k]) == v for k, v in filters.items())], query)
            case _:
                return 404, {"error": "no such path"}

    def _send(self, status: int, body: Record) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        if status == 429:
            self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def page(records: list[Record], query: dict[str, str]) -> tuple[int, Record]:
    """One page of records; 400 when the numbers make no sense."""
    try:
        number, size = int(query.get("page", "1")), int(query.get("per_page", "50"))
    except ValueError:
        return 400, {"error": "page and per_page are numbers"}
    if number < 1 or not 1 <= size <= MAX_PAGE_SIZE:
        return 400, {"error": f"page is at least 1, per_page 1 to {MAX_PAGE_SIZE}"}
    start = (number - 1) * size
    return 200, {
        "items": records[start:start + size],
        "page": number,
        "per_page": size,
        "pages": max(1, -(-len(records) // size)),
        "total": len(records),
    }


def main() -> None:
    """Serves."""
    parser = argparse.ArgumentParser(description="A PSA for tests.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key", default="test-key")
    parser.add_argument("--limit-every", type=int, default=7)
    parser.add_argument("--fail-every", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0.01, help="seconds per request")
    options = parser.parse_args()
    server = Psa(options.port, options.key, options.limit_every, options.fail_every, options.delay)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
