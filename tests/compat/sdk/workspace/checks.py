"""Checks the table of the SDK's surface where it lies: names, signatures, fields, members."""

from __future__ import annotations

import enum
import importlib
import inspect
from collections.abc import Iterator
from typing import Any

import bifrost
from bifrost import workflow

ROW = {"(": ")", "{": "}", "[": "]"}


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Generation, name, kind of brackets or nothing, what is in them."""
    with open("surface.txt", encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                generation, what, _ = (part.strip() for part in line.split(" | "))
                start = next((place for place, letter in enumerate(what) if letter in ROW), len(what))
                yield generation, what[:start], what[start : start + 1], what[start + 1 : -1]


def find(name: str) -> Any:
    """What `from bifrost import ...` and dots lead to; modules below `bifrost` are imported."""
    first, *rest = name.strip("@!").split(".")
    if first in ("client", "models", "webhooks"):
        found: Any = importlib.import_module(f"bifrost.{first}")
    elif first == "httpx":
        found = importlib.import_module("httpx")
    elif first == "AgentPausedError":
        found = importlib.import_module("bifrost.agents").AgentPausedError
    else:
        found = getattr(bifrost, first)
    if first == "context":
        found = bifrost.ExecutionContext
    for part in rest:
        found = getattr(found, part)
    return found


def calls(written: str) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Ways to call what has this signature: by position, by keyword, with each optional one alone."""
    parameters = inspect.signature(eval(f"lambda {written}: None")).parameters.values()
    places = [one for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
    named = [one for one in parameters if one.kind is one.KEYWORD_ONLY]
    needed = [one.name for one in places if one.default is one.empty]
    keywords = {one.name: one.name for one in named if one.default is one.empty}
    yield needed, keywords
    yield [one.name for one in places], keywords
    yield [], {one.name: one.name for one in (*places, *named)}
    for one in (*places, *named):
        if one.default is not one.empty:
            yield needed, {**keywords, one.name: one.name}
    if any(one.kind is one.VAR_KEYWORD for one in parameters):
        yield needed, {**keywords, "something_else": "x"}
    if any(one.kind is one.VAR_POSITIONAL for one in parameters):
        yield [*needed, "x", "y"], keywords


def wrong(name: str, bracket: str, inside: str) -> str | None:
    """Why the SDK is not what a row says."""
    if not bracket and name.removeprefix("context.") in inspect.signature(bifrost.ExecutionContext).parameters:
        return None
    try:
        found = find(name)
    except (AttributeError, ImportError) as error:
        return f"there is none: {error}"
    if bracket == "[":
        members = [one.value for one in found] if isinstance(found, enum.EnumMeta) else None
        missing = sorted({one.strip() for one in inside.split(",")} - set(members or ()))
        return f"it lacks {missing}" if missing else None
    if bracket == "{":
        known = {*getattr(found, "__dataclass_fields__", ()), *dir(found)}
        missing = sorted({one.strip() for one in inside.split(",")} - known)
        return f"it lacks {missing}" if missing else None
    if bracket == "(":
        is_method = name.partition(".")[0] in ("OAuthCredentials", "context")
        try:
            signature = inspect.signature(found)
        except ValueError:
            # A built-in constructor, as exceptions have it: it takes anything.
            return None if issubclass(found, BaseException) else "it has no signature"
        for arguments, keywords in calls(inside):
            try:
                signature.bind(*(["self"] if is_method else []), *arguments, **keywords)
            except TypeError as error:
                return f"{signature} does not take {arguments} {keywords}: {error}"
    return None


@workflow(name="surface_is_there")
async def surface_is_there() -> list[str]:
    """What of the table the SDK does not have, or has in another shape."""
    found = [(name, wrong(name, bracket, inside)) for _, name, bracket, inside in rows()]
    return [f"{name}: {why}" for name, why in found if why]
