"""Keys: what cannot be one is refused by the name of its place, and no sentence ever holds one."""

from __future__ import annotations

import base64
import json
import logging
import os
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunter.cli.main import run
from hunter.facts.config import find_key
from hunter.facts.shipped import shipped
from hunter.markets.protocol import Market, Scope
from hunter.markets.runpod.adapter import Runpod
from hunter.markets.vast.adapter import Vast
from hunter.payload import civitai, docker_login, huggingface
from hunter.payload.ask import payload_size
from hunter.payload.http import PayloadHttp
from hunter.store import Store, polls
from hunter.values.errors import ConfigError, HunterError, PayloadError
from hunter.values.keys import checked_key, hidden, remember
from tests.cli.conftest import hunter  # noqa: F401  a fixture
from tests.markets.vast.test_adapter import impatient
from tests.payload.layouts import around

if TYPE_CHECKING:
    from pathlib import Path

# ruff: noqa: F811  a fixture is named by the argument that asks for it

SECRET = "topsecret-0123456789"
BROKEN = [f"{SECRET}\nX-Evil: 1", f"{SECRET}\r\n1", f"{SECRET}é", f"{SECRET} {SECRET}", f"{SECRET}\x00",
          f"{SECRET}\udcff", SECRET * 1000, f"{SECRET}\t1", f"{SECRET}\u20281", f"{SECRET}\x7f"]  # fmt: skip
TABLES = {name: shipped().market(name) for name in ("vast", "runpod")}


def without_the_secret(error: BaseException) -> bool:
    return isinstance(error, HunterError) and SECRET not in f"{error} {error.remedy}"


# ── reading ──────────────────────────────────────────────────────────────────────────────────


@given(st.text())
def test_a_key_is_printable_ascii_or_none_at_all(text: str) -> None:
    try:
        key = checked_key(text, "PLACE")
    except ConfigError as error:
        told = f"{error} {error.remedy}"
        assert told.startswith("PLACE holds no key")
        return
    assert key == (text.strip() or None)
    assert key is None or (key.isascii() and key.isprintable() and " " not in key)


@pytest.mark.parametrize("broken", [b for b in BROKEN if "\x00" not in b])
@pytest.mark.parametrize("name", ["vast", "runpod"])
def test_a_broken_key_in_the_environment_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, broken: str
) -> None:
    variable = TABLES[name].key_variable
    monkeypatch.setenv(variable, broken)
    with pytest.raises(ConfigError, match=variable) as caught:
        find_key(TABLES[name], simulated=False)
    assert without_the_secret(caught.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [("vast", broken) for broken in BROKEN]
    + [("runpod", f'api_key = "{broken}"\n') for broken in BROKEN]
    + [("runpod", f'api_key = "{SECRET}'), ("runpod", f"[default]\napi_key = {SECRET} x")],
)
def test_a_broken_key_in_a_vendors_file_is_named_by_the_file(
    home: Path, name: str, text: str
) -> None:
    path = write_key_file(home, name, text)
    with pytest.raises(ConfigError) as caught:
        find_key(TABLES[name], simulated=False)
    assert str(path) in str(caught.value)
    assert without_the_secret(caught.value)
    assert find_key(TABLES[name], simulated=True) == "sandbox"


@pytest.mark.parametrize(
    ("name", "text", "key"),
    [
        ("vast", f" {SECRET}\n\n", SECRET),
        ("vast", "\n", None),
        ("runpod", f'[default]\napi_key = "{SECRET}"\n', SECRET),
        ("runpod", f"api_key = '{SECRET}'  # mine\n", SECRET),
        ("runpod", f"api_key={SECRET}\n", SECRET),
        ("runpod", '[default]\nother = "x y"\n', None),
        ("runpod", f"apikey = '{SECRET}'\napiurl = 'https://api.runpod.io/graphql'\n", SECRET),
        ("runpod", f'apiKey = "{SECRET}"\n', SECRET),
        ("runpod", f'\ufeffAPIKEY = "{SECRET}"\n', SECRET),
        ("runpod", f'apikey = ""\n[default]\napi_key = "{SECRET}"\n', SECRET),
        ("runpod", f'[other]\napikey = "x"\n[default]\nApi_Key = "{SECRET}"\n', SECRET),
        ("runpod", 'apikey = 5\ndefault = "x"\n', None),
        ("runpod", f"# apikey = 'old'\napikey = {SECRET}\n", SECRET),
    ],
)
def test_a_key_in_a_vendors_file_is_read_without_what_surrounds_it(
    home: Path, name: str, text: str, key: str | None
) -> None:
    write_key_file(home, name, text)
    assert find_key(TABLES[name], simulated=False) == key


@pytest.mark.parametrize("name", ["vast_api_key", "vast_tfa_key"])
def test_a_key_is_found_where_the_vendors_command_writes_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "elsewhere"))
    (home / "elsewhere" / "vastai").mkdir(parents=True)
    (home / "elsewhere" / "vastai" / name).write_text(SECRET)
    assert find_key(TABLES["vast"], simulated=False) == SECRET


def write_key_file(home: Path, name: str, text: str) -> Path:
    path = home / str(TABLES[name].key_files[0]).removeprefix("~/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


@pytest.mark.parametrize("adapter", [Vast, Runpod])
@pytest.mark.parametrize("broken", BROKEN)
def test_no_market_opens_with_a_broken_key(adapter: type[Market], broken: str) -> None:
    with pytest.raises(ConfigError) as caught:
        adapter("http://market.invalid", broken, shipped())
    assert without_the_secret(caught.value)


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize(
    ("variable", "ref"),
    [
        ("HF_TOKEN", "hf:org/repo"), ("HUGGING_FACE_HUB_TOKEN", "hf:org/repo"),
        ("HF_TOKEN", "https://huggingface.co/x/y.bin"), ("CIVITAI_API_TOKEN", "civitai:1"),
        ("CIVITAI_API_TOKEN", "https://civitai.com/api/download/1"), ("AWS_ACCESS_KEY_ID", "s3://bucket/x"),
        ("AWS_SECRET_ACCESS_KEY", "s3://bucket/x"), ("AWS_SESSION_TOKEN", "s3://bucket/x"),
    ],
)  # fmt: skip
async def test_a_broken_token_is_named_by_its_variable_and_sent_nowhere(
    tmp_path: Path, variable: str, ref: str, broken: str
) -> None:
    environ = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"} | {variable: broken}
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(500)

    async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as http:
        with pytest.raises(ConfigError, match=variable) as caught:
            await payload_size(ref, around(http, tmp_path, environ=environ))
    assert without_the_secret(caught.value)
    assert not asked


async def bucket_asked(tmp_path: Path) -> None:
    """What asking a bucket with the keys in the user's files comes to."""
    answer = httpx.MockTransport(lambda request: httpx.Response(500))
    async with httpx.AsyncClient(transport=answer) as http:
        await payload_size("s3://bucket/x", around(http, tmp_path))


async def test_tokens_in_files_are_checked_and_named_by_the_file(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(f"{SECRET}\n{SECRET}\n")
    with pytest.raises(ConfigError, match=str(token)) as caught:
        huggingface.find_token({"HF_TOKEN_PATH": str(token)}, tmp_path)
    assert without_the_secret(caught.value)
    token.write_text(f"{SECRET}\n")
    assert huggingface.find_token({"HF_TOKEN_PATH": str(token)}, tmp_path) == SECRET
    assert civitai.find_token({"CIVITAI_API_TOKEN": f" {SECRET}\n"}) == SECRET
    stored = tmp_path / ".aws" / "credentials"
    stored.parent.mkdir()
    stored.write_text(f"[default]\naws_access_key_id = a\naws_secret_access_key = {SECRET} x\n")
    with pytest.raises(ConfigError, match="aws_secret_access_key in ") as caught:
        await bucket_asked(tmp_path)
    assert without_the_secret(caught.value)


@pytest.mark.parametrize("text", [f"aws_secret_access_key = {SECRET}\n", f"[default]\n{SECRET}\n"])
async def test_a_file_of_keys_that_cannot_be_read_is_not_quoted(tmp_path: Path, text: str) -> None:
    stored = tmp_path / ".aws" / "credentials"
    stored.parent.mkdir()
    stored.write_text(text)
    with pytest.raises(PayloadError) as caught:
        await bucket_asked(tmp_path)
    assert without_the_secret(caught.value)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "auth",
    [
        {"auth": encoded(f"anna:{SECRET}\nX: 1")}, {"username": "anna", "password": f"{SECRET}\r\n"},
        {"username": f"anna{SECRET}\n", "password": "x"}, {"identitytoken": f"{SECRET}é"},
        {"identitytoken": f"{SECRET}\n1"}, {"auth": encoded(f"anna:{SECRET * 1000}")},
    ],
)  # fmt: skip
async def test_a_broken_login_of_docker_is_named_by_its_file(
    tmp_path: Path, auth: dict[str, str]
) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"auths": {"ghcr.io": auth}}))
    with pytest.raises(ConfigError, match=str(config)) as caught:
        await docker_login.login_for("ghcr.io", config)
    assert without_the_secret(caught.value)


async def test_a_key_file_is_a_password_where_registries_take_one(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(
        json.dumps({"auths": {"gcr.io": {"auth": encoded('_json_key:{\n"a": 1\n}')}}})
    )
    login = await docker_login.login_for("gcr.io", config)
    assert login is not None
    assert login.secret == '{\n"a": 1\n}'


# ── telling ──────────────────────────────────────────────────────────────────────────────────


def test_secrets_are_hidden_however_they_are_written() -> None:
    assert hidden(f"x?key={SECRET}&y", SECRET) == "x?key=***&y"
    assert hidden("a%2Fb%2Bcdefgh and a/b+cdefgh", "a/b+cdefgh") == "*** and ***"
    assert hidden("b'12345678\\n9'", "12345678\n9") == "b'***'"
    assert hidden("the key", "key", "", None) == "the key"
    assert hidden("12345678901 12345678", "12345678", "12345678901") == "*** ***"


def parrot(request: httpx.Request) -> httpx.Response:
    """A server, or a proxy before it, that answers with what it was sent."""
    return httpx.Response(
        403, json={"msg": f"no entry for {request.headers['authorization']}", "error": "x"}
    )


def failing(request: httpx.Request) -> httpx.Response:
    raise httpx.LocalProtocolError(f"Illegal header value b'{request.headers['authorization']}'")


@pytest.mark.parametrize("adapter", [Vast, Runpod])
@pytest.mark.parametrize("handle", [parrot, failing])
async def test_a_market_that_answers_with_the_key_is_quoted_without_it(
    adapter: Any, handle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch)
    market = adapter("http://market.invalid", SECRET, shipped())
    market.http._client = httpx.AsyncClient(
        transport=httpx.MockTransport(handle), base_url="http://market.invalid",
        headers=market.http._client.headers,
    )  # fmt: skip
    with pytest.raises(HunterError) as caught:
        await market.offers(Scope(), lambda progress: None)
    assert without_the_secret(caught.value)
    assert "***" in str(caught.value)


async def test_a_transport_that_fails_with_a_token_is_quoted_without_it() -> None:
    async with httpx.AsyncClient(transport=httpx.MockTransport(failing)) as http:
        headers = {"Authorization": f"Bearer {SECRET}"}
        with pytest.raises(PayloadError) as caught:
            await PayloadHttp(http).ask("GET", "https://host.invalid/x", headers=headers)
    assert without_the_secret(caught.value)


@pytest.mark.parametrize("variable", ["VAST_API_KEY", "RUNPOD_API_KEY"])
def test_a_broken_key_is_neither_printed_nor_recorded_by_any_command(
    home: Path, hunter: Any, monkeypatch: pytest.MonkeyPatch, variable: str,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    for name in ("VAST_API_KEY", "RUNPOD_API_KEY"):
        monkeypatch.setenv(name, f"{SECRET}\n1")
    market = variable.partition("_")[0].lower()
    caplog.set_level(logging.DEBUG)
    for words in (
        ("scrape", "-m", market),
        ("scrape", "-m", market, "--json"),
        ("ps",),
        ("ps", "--json"),
    ):
        answer = hunter(*words)
        assert answer.code == 1
        assert SECRET not in answer.out + answer.err + caplog.text
        assert variable in answer.out + answer.err
    store = Store(home / "hunter.db")
    assert SECRET not in str(polls.last_polls(store))
    store.close()
    assert all(SECRET.encode() not in path.read_bytes() for path in home.glob("hunter.db*"))


@pytest.mark.parametrize(
    "variable",
    [
        "VAST_API_KEY",
        "RUNPOD_API_KEY",
        "HF_TOKEN",
        "CIVITAI_API_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    ],
)
def test_the_last_door_hides_what_the_environment_holds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str
) -> None:
    monkeypatch.setenv(variable, SECRET)
    with pytest.raises(SystemExit):
        run(["--json", SECRET])
    captured = capsys.readouterr()
    assert SECRET not in captured.out + captured.err
    assert "***" in captured.err
    assert os.environ[variable] == SECRET


# ── remembering ──────────────────────────────────────────────────────────────────────────────


def test_a_key_that_was_read_anywhere_is_in_no_message_of_anywhere() -> None:
    remember(["kept-from-all-0042", None, "short", "a+b/c=d e'f\\g"])
    told = hidden("at x?k=kept-from-all-0042; short; a%2Bb%2Fc%3Dd%20e%27f%5Cg; a+b/c=d e'f\\g")
    assert told == "at x?k=***; short; ***; ***"
