"""A small real use of each package of `packages.txt`; `url` is a server that answers JSON.

A function is called `use_` and the package's name, with `_` for what Python names cannot have.
Its imports are made when the workspace is loaded, the rest is one run.
"""

# ruff: noqa: E501, PLC0415
# mypy: ignore-errors


def use_requests(url):
    import requests

    answer = requests.get(f"{url}/things", params={"a": "1"}, timeout=5)
    assert answer.json()["query"] == {"a": "1"}


async def use_httpx(url):
    import httpx

    async with httpx.AsyncClient(base_url=url) as client:
        answer = await client.post("/things", json={"b": 2})
    assert answer.json()["body"] == '{"b":2}'


def use_urllib3(url):
    import urllib3

    answer = urllib3.PoolManager().request("GET", f"{url}/x", headers={"X-A": "b"})
    assert answer.json()["headers"]["x-a"] == "b"


async def use_aiohttp(url):
    import aiohttp

    async with aiohttp.ClientSession() as session, session.get(f"{url}/x") as answer:
        assert (await answer.json())["path"] == "/x"


def use_niquests(url):
    import niquests

    assert niquests.get(f"{url}/x", timeout=5).json()["path"] == "/x"


def use_requests_oauthlib(url):
    from requests_oauthlib import OAuth1Session

    session = OAuth1Session("key", client_secret="secret")
    assert "oauth_signature" in session.get(f"{url}/x").json()["headers"]["authorization"]


def use_oauthlib(url):
    from oauthlib.oauth2 import WebApplicationClient

    assert "client_id=me" in WebApplicationClient("me").prepare_request_uri("https://example.org/authorize")


def use_authlib(url):
    from authlib.integrations.httpx_client import OAuth2Client

    client = OAuth2Client("me", "secret", token_endpoint=f"{url}/token")
    assert client.fetch_token(grant_type="client_credentials")["access_token"] == "token"


def use_msal(url):
    import msal
    import requests

    class Client(requests.Session):
        """An authority has to be https: what is meant for it is asked of the server."""

        def request(self, method, address, **options):
            return super().request(method, address.replace("https://login.example.org", url), **options)

    app = msal.ConfidentialClientApplication(
        "me",
        client_credential="secret",
        authority="https://login.example.org/tenant",
        instance_discovery=False,
        http_client=Client(),
    )
    assert app.acquire_token_for_client(["x/.default"])["access_token"] == "token"
    assert app.acquire_token_for_client(["x/.default"])["token_source"] == "cache"


def use_msgraph_core(url):
    from msgraph_core import GraphClientFactory

    assert GraphClientFactory.create_with_default_middleware() is not None


def use_azure_core(url):
    from azure.core import PipelineClient
    from azure.core.rest import HttpRequest

    answer = PipelineClient(base_url=url).send_request(HttpRequest("GET", f"{url}/x"))
    assert answer.json()["path"] == "/x"


def use_azure_identity(url):
    from azure.identity import ClientSecretCredential

    assert ClientSecretCredential("tenant", "me", "secret") is not None


def use_boto3(url):
    import boto3

    client = boto3.client(
        "s3", region_name="us-east-1", endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="b"
    )
    put = client.put_object(Bucket="bucket", Key="key", Body=b"content")
    assert put["ResponseMetadata"]["HTTPStatusCode"] == 200
    signed = client.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "key"})
    assert "Signature" in signed


def use_botocore(url):
    import botocore.session

    session = botocore.session.get_session()
    client = session.create_client(
        "sqs", region_name="us-east-1", endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="b"
    )
    assert client.meta.service_model.service_name == "sqs"


def use_google_auth(url):
    import google.oauth2.credentials
    from google.auth.transport.requests import AuthorizedSession

    session = AuthorizedSession(google.oauth2.credentials.Credentials("token"))
    assert session.get(f"{url}/x").json()["headers"]["authorization"] == "Bearer token"


def use_google_api_python_client(url):
    from googleapiclient.discovery import build

    service = build("drive", "v3", developerKey="key", static_discovery=True)
    assert "alt=json" in service.files().list(pageSize=1).uri


def use_openai(url):
    from openai import OpenAI

    client = OpenAI(api_key="key", base_url=url)
    assert client.models.list().object == "list"


def use_anthropic(url):
    from anthropic import Anthropic

    client = Anthropic(api_key="key", base_url=url)
    assert client.models.list() is not None


def use_litellm(url):
    import litellm

    assert litellm.get_supported_openai_params("gpt-4o")


def use_slack_sdk(url):
    from slack_sdk import WebClient

    answer = WebClient(token="token", base_url=f"{url}/").api_test()
    assert answer["ok"]


def use_PyGithub(url):
    from github import Github

    github = Github("token", base_url=url)
    assert github.get_repo("a/b", lazy=True) is not None


def use_python_gitlab(url):
    import gitlab

    client = gitlab.Gitlab(url, private_token="token")
    assert client.http_get("/projects")["headers"]["private-token"] == "token"


def use_jira(url):
    from jira import JIRA

    client = JIRA(server=url, token_auth="token", get_server_info=False)
    assert client.server_url == url


def use_atlassian_python_api(url):
    from atlassian import Jira

    assert Jira(url=url, token="token").get("x")["path"] == "/x"


def use_stripe(url):
    import stripe

    client = stripe.StripeClient("sk_test", base_addresses={"api": url})
    assert client.v1.customers.retrieve("cus_1").id == "cus_1"


def use_twilio(url):
    from twilio.request_validator import RequestValidator
    from twilio.rest import Client

    assert Client("AC1", "token").username == "AC1"
    assert RequestValidator("token").compute_signature("https://example.org", {"a": "b"})


def use_sendgrid(url):
    from sendgrid import SendGridAPIClient
    from sendgrid.helpers.mail import Mail

    client = SendGridAPIClient("key", host=url)
    answer = client.send(Mail("a@example.org", "b@example.org", "subject", "text"))
    assert answer.status_code == 200


def use_hubspot_api_client(url):
    from hubspot import HubSpot
    from hubspot.crm.contacts import SimplePublicObjectInput

    client = HubSpot(access_token="token")
    assert client.crm.contacts is not None
    assert SimplePublicObjectInput(properties={"email": "a@example.org"}).to_dict()["properties"]


def use_simple_salesforce(url):
    from simple_salesforce import format_soql

    assert format_soql("SELECT Id FROM A WHERE n = {}", "it's") == "SELECT Id FROM A WHERE n = 'it\\'s'"


def use_zeep(url):
    from zeep.helpers import serialize_object

    assert serialize_object({"a": 1}) == {"a": 1}


def use_gql(url):
    from gql import gql

    assert gql("{ a { b } }") is not None


def use_graphql_core(url):
    from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, GraphQLString, graphql_sync

    query = GraphQLObjectType("Query", {"a": GraphQLField(GraphQLString, resolve=lambda *_: "b")})
    assert graphql_sync(GraphQLSchema(query), "{ a }").data == {"a": "b"}


def use_tenacity(url):
    from tenacity import retry, stop_after_attempt

    seen = []

    @retry(stop=stop_after_attempt(3))
    def attempt():
        seen.append(1)
        if len(seen) < 3:
            raise ValueError
        return "done"

    assert attempt() == "done"


def use_backoff(url):
    import backoff

    seen = []

    @backoff.on_exception(backoff.constant, ValueError, max_tries=3, interval=0)
    def attempt():
        seen.append(1)
        if len(seen) < 3:
            raise ValueError
        return "done"

    assert attempt() == "done"


def use_ratelimit(url):
    from ratelimit import RateLimitException, limits

    @limits(calls=1, period=60)
    def once():
        return 1

    once()
    try:
        once()
    except RateLimitException:
        return
    raise AssertionError("it was not limited")


def use_cachetools(url):
    from cachetools import TTLCache, cached

    @cached(TTLCache(10, 60))
    def double(n):
        return object()

    assert double(1) is double(1)


def use_requests_toolbelt(url):
    import requests
    from requests_toolbelt import MultipartEncoder

    encoder = MultipartEncoder({"file": ("a.txt", b"content", "text/plain")})
    answer = requests.post(f"{url}/x", data=encoder, headers={"Content-Type": encoder.content_type}, timeout=5)
    assert "content" in answer.json()["body"]


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


def use_Jinja2(url):
    import jinja2

    environment = jinja2.Environment(autoescape=True)
    assert environment.from_string("{% for a in all %}{{ a }},{% endfor %}").render(all=["<", 2]) == "&lt;,2,"


def use_MarkupSafe(url):
    from markupsafe import Markup, escape

    assert escape("<a>") == Markup("&lt;a&gt;")


def use_Markdown(url):
    import markdown

    assert "<table>" in markdown.markdown("a | b\n--|--\n1 | 2\n", extensions=["tables"])


def use_mistune(url):
    import mistune

    assert mistune.html("**a**") == "<p><strong>a</strong></p>\n"


def use_markdown_it_py(url):
    from markdown_it import MarkdownIt

    assert MarkdownIt().render("*a*") == "<p><em>a</em></p>\n"


def use_beautifulsoup4(url):
    from bs4 import BeautifulSoup

    assert BeautifulSoup("<p>a<b>c</b></p>", "html.parser").select_one("p b").text == "c"


def use_html5lib(url):
    import html5lib

    assert html5lib.parse("<p>a", namespaceHTMLElements=False).find("body/p").text == "a"


def use_bleach(url):
    import bleach

    assert bleach.clean("<b>a</b><script>x</script>", tags={"b"}, strip=True) == "<b>a</b>x"


def use_tabulate(url):
    from tabulate import tabulate

    assert tabulate([[1, 2]], headers=["a", "b"], tablefmt="github").splitlines()[-1] == "|   1 |   2 |"


def use_rich(url):
    import io

    from rich.console import Console
    from rich.table import Table

    table = Table("a", "b")
    table.add_row("1", "2")
    out = io.StringIO()
    Console(file=out, width=40).print(table)
    assert "┃ a" in out.getvalue()


def use_openpyxl(url):
    import io

    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["a", 1])
    out = io.BytesIO()
    book.save(out)
    assert openpyxl.load_workbook(io.BytesIO(out.getvalue())).active["B1"].value == 1


def use_XlsxWriter(url):
    import io
    import zipfile

    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.add_worksheet().write(0, 0, "a")
    assert "xl/workbook.xml" in zipfile.ZipFile(out).namelist()


def use_python_docx(url):
    import io

    import docx

    document = docx.Document()
    document.add_paragraph("a")
    out = io.BytesIO()
    document.save(out)
    assert docx.Document(io.BytesIO(out.getvalue())).paragraphs[0].text == "a"


def use_pypdf(url):
    import io

    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    out = io.BytesIO()
    writer.write(out)
    assert len(PdfReader(io.BytesIO(out.getvalue())).pages) == 1


def use_reportlab(url):
    import io

    from reportlab.pdfgen import canvas

    out = io.BytesIO()
    page = canvas.Canvas(out)
    page.drawString(100, 100, "a")
    page.save()
    assert out.getvalue().startswith(b"%PDF")


def use_mammoth(url):
    import io
    import zipfile

    import mammoth

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as document:
        space = "http://schemas.openxmlformats.org"
        document.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{space}/package/2006/relationships"><Relationship Id="1" Type="{space}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        )
        document.writestr(
            "word/document.xml",
            f'<w:document xmlns:w="{space}/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>a</w:t></w:r></w:p></w:body></w:document>',
        )
    assert mammoth.convert_to_html(out).value == "<p>a</p>"


def use_xhtml2pdf(url):
    import io

    from xhtml2pdf import pisa

    out = io.BytesIO()
    assert not pisa.CreatePDF("<p>a</p>", dest=out).err


def use_feedparser(url):
    import feedparser

    assert feedparser.parse("<rss><channel><item><title>a</title></item></channel></rss>").entries[0].title == "a"


def use_chardet(url):
    import chardet

    assert chardet.detect("Привет, как дела? Всё хорошо.".encode("cp1251"))["encoding"].lower().startswith("windows")


def use_charset_normalizer(url):
    import charset_normalizer

    text = "Это предложение написано по-русски, чтобы его узнали."
    assert str(charset_normalizer.from_bytes(text.encode("utf-8")).best()) == text


def use_idna(url):
    import idna

    assert idna.encode("bücher.example") == b"xn--bcher-kva.example"


def use_python_slugify(url):
    from slugify import slugify

    assert slugify("Größe & Länge") == "grosse-lange"


def use_phonenumbers(url):
    import phonenumbers

    number = phonenumbers.parse("030 123456", "DE")
    assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == "+4930123456"


def use_email_validator(url):
    from email_validator import validate_email

    assert validate_email("Ada@EXAMPLE.com", check_deliverability=False).normalized == "Ada@example.com"


def use_vobject(url):
    import vobject

    card = vobject.vCard()
    card.add("fn").value = "Ada"
    card.add("n").value = vobject.vcard.Name(family="L", given="Ada")
    assert vobject.readOne(card.serialize()).fn.value == "Ada"


def use_icalendar(url):
    import datetime

    from icalendar import Calendar, Event

    event = Event()
    event.add("summary", "a")
    event.add("dtstart", datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC))
    calendar = Calendar()
    calendar.add_component(event)
    assert Calendar.from_ical(calendar.to_ical()).walk("VEVENT")[0]["summary"] == "a"


def use_PyJWT(url):
    import jwt

    key = "k" * 32
    assert jwt.decode(jwt.encode({"a": 1}, key, algorithm="HS256"), key, algorithms=["HS256"]) == {"a": 1}


def use_python_jose(url):
    from jose import jwt

    assert jwt.decode(jwt.encode({"a": 1}, "key", algorithm="HS256"), "key", algorithms=["HS256"]) == {"a": 1}


def use_cryptography(url):
    from cryptography.fernet import Fernet

    box = Fernet(Fernet.generate_key())
    assert box.decrypt(box.encrypt(b"a")) == b"a"


def use_passlib(url):
    from passlib.hash import pbkdf2_sha256

    assert pbkdf2_sha256.verify("secret", pbkdf2_sha256.using(rounds=1000).hash("secret"))


def use_pyotp(url):
    import pyotp

    totp = pyotp.TOTP("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    assert totp.verify(totp.now())


def use_ldap3(url):
    from ldap3 import MOCK_SYNC, Connection, Server

    connection = Connection(Server("fake"), user="cn=me", password="x", client_strategy=MOCK_SYNC)
    connection.strategy.add_entry("cn=me", {"userPassword": "x", "sn": "a"})
    assert connection.bind()


def use_netaddr(url):
    from netaddr import IPNetwork

    assert len(list(IPNetwork("10.0.0.0/30").iter_hosts())) == 2


def use_dnspython(url):
    import dns.message
    import dns.name

    query = dns.message.make_query("example.org", "MX")
    assert dns.message.from_wire(query.to_wire()).question[0].name == dns.name.from_text("example.org")


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
