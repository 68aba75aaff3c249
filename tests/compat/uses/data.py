"""Uses of what validates and serializes data, of dates, of structures, and of logs."""

# ruff: noqa: E501, PLC0415
# mypy: ignore-errors


def use_pydantic(url):
    from pydantic import BaseModel

    class Thing(BaseModel):
        n: int

    assert Thing.model_validate_json('{"n": "3"}').n == 3


def use_pydantic_settings(url):
    from pydantic_settings import BaseSettings

    class Settings(BaseSettings):
        n: int = 3

    assert Settings().n == 3


def use_marshmallow(url):
    from marshmallow import Schema, fields

    class Thing(Schema):
        n = fields.Int()

    assert Thing().load({"n": "3"}) == {"n": 3}


def use_attrs(url):
    import attrs

    @attrs.define
    class Thing:
        n: int = attrs.field(converter=int)

    assert attrs.asdict(Thing("3")) == {"n": 3}


def use_cattrs(url):
    import attrs
    import cattrs

    @attrs.define
    class Thing:
        n: int

    assert cattrs.structure({"n": 3}, Thing) == Thing(3)


def use_jsonschema(url):
    import jsonschema

    jsonschema.validate({"n": 3}, {"type": "object", "properties": {"n": {"type": "integer"}}})
    try:
        jsonschema.validate({"n": "x"}, {"type": "object", "properties": {"n": {"type": "integer"}}})
    except jsonschema.ValidationError:
        return
    raise AssertionError("it was valid")


def use_dataclasses_json(url):
    from dataclasses import dataclass

    from dataclasses_json import dataclass_json

    @dataclass_json
    @dataclass
    class Thing:
        n: int

    assert Thing.from_json('{"n": 3}').to_json() == '{"n": 3}'


def use_typing_extensions(url):
    from typing_extensions import TypedDict, get_type_hints

    class Thing(TypedDict):
        n: int

    assert get_type_hints(Thing) == {"n": int}


def use_annotated_types(url):
    from typing import Annotated, get_args

    from annotated_types import Gt

    assert get_args(Annotated[int, Gt(3)])[1].gt == 3


def use_jmespath(url):
    import jmespath

    assert jmespath.search("a[*].b", {"a": [{"b": 1}, {"b": 2}]}) == [1, 2]


def use_jsonpath_ng(url):
    from jsonpath_ng import parse

    assert [found.value for found in parse("a[*].b").find({"a": [{"b": 1}, {"b": 2}]})] == [1, 2]


def use_PyYAML(url):
    import yaml

    assert yaml.safe_load(yaml.safe_dump({"a": [1, 2, {"b": None}]})) == {"a": [1, 2, {"b": None}]}


def use_ruamel_yaml(url):
    import io

    from ruamel.yaml import YAML

    yaml = YAML()
    read = yaml.load("a: 1  # why\n")
    out = io.StringIO()
    yaml.dump(read, out)
    assert out.getvalue() == "a: 1  # why\n"


def use_tomlkit(url):
    import tomlkit

    document = tomlkit.parse("a = 1 # why\n")
    document["b"] = 2
    assert tomlkit.dumps(document) == "a = 1 # why\nb = 2\n"


def use_xmltodict(url):
    import xmltodict

    assert xmltodict.parse("<a><b>1</b></a>") == {"a": {"b": "1"}}


def use_defusedxml(url):
    from defusedxml import EntitiesForbidden
    from defusedxml.ElementTree import fromstring

    assert fromstring("<a><b/></a>")[0].tag == "b"
    try:
        fromstring('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    except EntitiesForbidden:
        return
    raise AssertionError("it was taken")


def use_msgpack(url):
    import msgpack

    assert msgpack.unpackb(msgpack.packb({"a": [1, 2.5, b"x"]})) == {"a": [1, 2.5, b"x"]}


def use_python_dateutil(url):
    from dateutil import parser, rrule, tz

    day = parser.parse("2024-02-29 10:00")
    assert list(rrule.rrule(rrule.MONTHLY, count=2, dtstart=day))[1].month == 3
    assert day.replace(tzinfo=tz.gettz("Europe/Berlin")).utcoffset().total_seconds() == 3600


def use_pytz(url):
    import datetime

    import pytz

    assert pytz.timezone("Europe/Berlin").localize(datetime.datetime(2024, 7, 1)).utcoffset().total_seconds() == 7200


def use_tzdata(url):
    import datetime
    import zoneinfo

    import tzdata  # noqa: F401

    zone = zoneinfo.ZoneInfo("America/New_York")
    assert datetime.datetime(2024, 7, 1, tzinfo=zone).utcoffset().total_seconds() == -14400


def use_arrow(url):
    import arrow

    assert arrow.get("2024-02-28").shift(days=2).format("YYYY-MM-DD") == "2024-03-01"


def use_pendulum(url):
    import pendulum

    assert pendulum.parse("2024-01-31T00:00:00+00:00").add(months=1).to_date_string() == "2024-02-29"


def use_croniter(url):
    import datetime

    from croniter import croniter

    assert croniter("0 9 * * 1", datetime.datetime(2024, 1, 1, 10)).get_next(datetime.datetime).day == 8


def use_humanize(url):
    import humanize

    assert humanize.naturalsize(3_000_000) == "3.0 MB"


def use_holidays(url):
    import datetime

    import holidays

    assert datetime.date(2024, 7, 4) in holidays.country_holidays("US")


def use_more_itertools(url):
    from more_itertools import chunked

    assert list(chunked([1, 2, 3], 2)) == [[1, 2], [3]]


def use_toolz(url):
    from toolz import groupby, pipe

    assert pipe([1, 2, 3], lambda items: groupby(lambda n: n % 2, items)) == {1: [1, 3], 0: [2]}


def use_networkx(url):
    import networkx

    graph = networkx.Graph([("a", "b"), ("b", "c")])
    assert networkx.shortest_path(graph, "a", "c") == ["a", "b", "c"]


def use_sortedcontainers(url):
    from sortedcontainers import SortedDict

    assert list(SortedDict({"b": 1, "a": 2})) == ["a", "b"]


def use_structlog(url):
    import structlog

    seen = []
    structlog.configure(processors=[structlog.processors.JSONRenderer(), lambda _l, _n, text: seen.append(text) or text])
    structlog.get_logger().info("a", b=1)
    assert '"b": 1' in seen[0]
