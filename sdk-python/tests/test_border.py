"""What leaves the interpreter: always text that has a UTF-8 form, whatever it was made of."""

from __future__ import annotations

from typing import Any

import pytest

from bifrost import config
from bifrost._text import checked, is_well_formed
from bifrost.http.messages import build
from bifrost_guest import failures, text, variables

LONE = "bad \ud800 end"


def test_well_formed_text() -> None:
    for good in ("", "plain", "ü 🎈 \x00"):
        assert is_well_formed(good)
        assert text.well_formed(good) == good == checked(good, "it")
    assert not is_well_formed(LONE)
    assert text.well_formed(LONE) == "bad \\ud800 end"


def test_refused_text_is_named_with_its_place() -> None:
    with pytest.raises(ValueError, match=r"the key 'bad \\ud800 end' has a lone surrogate, U\+D800 at position 4"):
        checked(LONE, "the key")
    with pytest.raises(TypeError, match="the key must be a str, not NoneType"):
        checked(None, "the key")


def test_shortened_text_keeps_both_ends() -> None:
    assert text.shortened("a" * 10, 10) == "a" * 10
    assert text.shortened("a" * 50 + "b" * 50, 10) == "aaaaa… [90 characters left out] …bbbbb"
    assert text.shortened("\ud800" * 4, 2) == "\\ud800… [2 characters left out] …\\ud800"


@pytest.mark.parametrize(
    "call",
    [
        lambda: config.get(LONE),
        lambda: config.set(LONE, 1),
        lambda: config.delete(LONE),
        lambda: config.get("key", scope=LONE),
    ],
)
def test_config_refuses_names_that_are_no_text(call: Any) -> None:
    with pytest.raises(ValueError, match="lone surrogate"):
        call().send(None)


def test_config_refuses_keys_of_another_type() -> None:
    with pytest.raises(TypeError, match="the config key must be a str, not int"):
        config.get(7).send(None)  # type: ignore[arg-type]


def test_requests_refuse_what_is_no_text() -> None:
    url = "https://a.example/"
    with pytest.raises(ValueError, match="the URL .* lone surrogate"):
        build("GET", url + LONE)
    with pytest.raises(ValueError, match="the value of the header X-A .* lone surrogate"):
        build("GET", url, headers={"X-A": LONE})
    with pytest.raises(ValueError, match="the name of a header .* lone surrogate"):
        build("GET", url, headers={LONE: "x"})
    with pytest.raises(TypeError, match="the value of the header X-A must be a str, not int"):
        build("GET", url, headers={"X-A": 1})  # type: ignore[dict-item]


class Evil(Exception):
    """Does anything when it is looked at."""

    def __str__(self) -> str:
        raise SystemExit("str")

    def __repr__(self) -> str:
        raise KeyboardInterrupt


def test_an_exception_that_fights_back_keeps_its_type() -> None:
    error = type("Evil" * 1_000, (Evil,), {})()
    name = failures.type_name(error)
    assert name.startswith("EvilEvil") and len(name) < 300
    assert "could not be made" in failures.message(error)
    assert failures.format_traceback(error).startswith(("test_border.Evil", "EvilEvil", "tests.test_border.Evil"))
    assert len(failures.format_traceback(error)) < 5_000 or not hasattr(error, "_exc_type_qualname")


def test_a_class_cannot_hide_its_name() -> None:
    class Meta(type):
        @property
        def __name__(cls) -> str:  # type: ignore[override]
            raise SystemExit("name")

    assert failures.type_name(Meta("Hidden", (Exception,), {})()) == "Hidden"


def test_a_giant_message_is_shortened_everywhere() -> None:
    error = ValueError("m" * 1_000_000)
    error.add_note("n" * 1_000_000)
    for said in (failures.message(error), failures.format_traceback(error)):
        assert said.count("characters left out") in (1, 2)
        assert len(said) < 2 * failures.MAX_MESSAGE + 1_000
    assert failures.format_traceback(error).startswith("ValueError: mmm")


def test_a_variable_that_fights_back_is_shown_as_such() -> None:
    class Shy:
        def __repr__(self) -> str:
            raise SystemExit("repr")

    class Endless(dict[str, int]):
        def items(self) -> Any:
            raise KeyboardInterrupt

    class Text(str):
        def __len__(self) -> int:
            raise SystemExit("len")

    captured = variables.snapshot({"one": 1, "shy": Shy(), "endless": Endless(a=1), "text": Text("abc"), "two": [2]})
    assert captured == {
        "one": 1,
        "shy": "<Shy>",
        "endless": "<not captured: KeyboardInterrupt>",
        "text": "abc",
        "two": [2],
    }
    assert type(captured["text"]) is str
