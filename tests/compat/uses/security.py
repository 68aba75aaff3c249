"""Uses of what signs, encrypts, signs people in, and knows networks."""

# ruff: noqa: E501, PLC0415
# mypy: ignore-errors


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
