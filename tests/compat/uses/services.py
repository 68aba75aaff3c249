"""Uses of the SDKs of clouds, of models and of what companies use."""

# ruff: noqa: E501, PLC0415
# mypy: ignore-errors


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
