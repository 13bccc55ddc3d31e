"""The client dials the address that was checked, and speaks to the name."""

from __future__ import annotations

import datetime
import ssl
from typing import TYPE_CHECKING, Any

import pytest

from hunter.payload.ask import payload_size
from hunter.payload.dial import Dialer, open_client
from hunter.payload.http import PayloadHttp
from hunter.payload.reach import Names
from hunter.values.errors import PayloadError, PayloadUnreachable
from tests.payload.layouts import Answer, Asked, Image, around, gzipped, registry_of, serving, tar

if TYPE_CHECKING:
    from pathlib import Path

    import httpx


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class Zone:
    """Names whose owner answers otherwise every time."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = {name.replace("_", "."): found for name, found in answers.items()}
        self.n_asked = 0

    async def look_up(self, host: str, port: int) -> list[str]:
        self.n_asked += 1
        return self.answers[host].pop(0)


def hello(asked: Asked) -> Answer:
    return 200, {}, asked.headers["host"].encode()


async def test_a_name_that_changes_after_the_check_is_dialled_where_it_was_checked() -> None:
    zone = Zone(registry_example=[["127.0.0.1"], ["127.0.0.2"]])
    names = Names(zone.look_up)
    with serving(hello) as server:
        port = server.host.partition(":")[2]
        url = f"http://registry.example:{port}/"
        async with open_client(names) as client:
            reply = await PayloadHttp(client, names).ask("GET", url, origin="http://127.0.0.1/")
    assert reply.body.decode() == f"registry.example:{port}"
    assert zone.n_asked == 1


async def test_a_name_that_is_nobodys_when_it_is_checked_stays_so() -> None:
    zone = Zone(evil_example=[[], ["127.0.0.1"]])
    names = Names(zone.look_up)
    with serving(hello) as server:
        url = f"http://evil.example:{server.host.partition(':')[2]}/"
        async with open_client(names) as client:
            with pytest.raises(PayloadUnreachable, match="nobody knows its name"):
                await PayloadHttp(client, names).ask("GET", url, origin="http://93.184.216.34/")
        assert not server.asked


async def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    names = Names(Zone(registry_example=[["127.0.0.9", "::1", "127.0.0.1"]]).look_up)
    with serving(hello) as server:
        url = f"http://registry.example:{server.host.partition(':')[2]}/"
        async with open_client(names) as client:
            assert (await PayloadHttp(client, names).ask("GET", url)).ok


async def test_a_whole_image_is_sized_through_the_dialling_client(tmp_path: Path) -> None:
    image = Image(layers=[gzipped(tar(50_000, 3))])
    names = Names()
    with serving(registry_of(image)) as server:
        async with open_client(names) as client:
            found = await payload_size(f"{server.host}/team/app:v1", around(client, tmp_path))
    assert found.compressed_bytes == image.compressed_bytes


async def test_behind_a_proxy_the_proxy_dials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    async with open_client(Names()) as client:
        assert not isinstance(client._transport, Dialer)


# ── TLS ─────────────────────────────────────────────────────────────────────────────────────────
def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for a name, and its key."""
    x509 = pytest.importorskip("cryptography.x509", reason="cryptography is not installed")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert_file, key_file


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A server's side of TLS for registry.example, whose certificate is trusted."""
    cert_file, key_file = certificate(tmp_path, "registry.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(cert_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert_file, key_file)
    return context


async def asked_over_tls(name: str, secure: Any) -> httpx.Response:
    async def look_up(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    names = Names(look_up)
    with serving(hello, tls=secure) as server:
        port = server.host.partition(":")[2]
        async with open_client(names) as client:
            # twice by two names: a connection is never lent to another name of the same address
            first = await client.get(f"https://registry.example:{port}/")
            return (
                first if name == "registry.example" else await client.get(f"https://{name}:{port}/")
            )


async def test_the_certificate_has_to_be_the_names_and_not_the_addresss(secure: Any) -> None:
    reply = await asked_over_tls("registry.example", secure)
    assert reply.text.startswith("registry.example:")


async def test_another_name_at_the_same_address_needs_a_certificate_of_its_own(secure: Any) -> None:
    import httpx

    with pytest.raises(httpx.ConnectError, match="CERTIFICATE"):
        await asked_over_tls("other.example", secure)


async def test_a_public_server_does_not_lead_to_a_name_that_means_this_machine() -> None:
    names = Names(Zone(inside_example=[["127.0.0.1"]]).look_up)
    with serving(hello) as server:
        url = f"http://inside.example:{server.host.partition(':')[2]}/"
        async with open_client(names) as client:
            with pytest.raises(PayloadError, match="inside this machine"):
                await PayloadHttp(client, names).ask("GET", url, origin="http://93.184.216.34/")
        assert not server.asked
