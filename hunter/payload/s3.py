"""Objects in any S3-compatible store: listed with signature version 4, or unsigned where they are public."""

from __future__ import annotations

import configparser
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.etree import ElementTree

import httpx

from hunter.payload.http import failing, rate_limited
from hunter.payload.sizes import file_piece, size_of_files
from hunter.values.errors import PayloadError, UsageError
from hunter.values.keys import checked_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hunter.payload.http import PayloadHttp, Reply
    from hunter.payload.sizes import PayloadSize, Piece

PAGE_BYTES = 8 * 2**20
"""A page names at most 1,000 objects (S3 API, ListObjectsV2)."""
MOST_OBJECTS = 100_000
"""More is a data lake and no payload."""
_REF = re.compile(r"([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", re.S)
_NOTHING = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Where a store is, and who asks. Without a key the requests are unsigned."""

    endpoint: str | None
    """None: Amazon's own."""
    region: str
    key_id: str | None = None
    secret: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)

    def bucket_url(self, bucket: str, region: str) -> str:
        """The bucket's address. Stores of one's own rarely have a name for every bucket."""
        if self.endpoint:
            return f"{self.endpoint.rstrip('/')}/{bucket}"
        if "." in bucket:  # its name would not fit Amazon's certificate
            return f"https://s3.{region}.amazonaws.com/{bucket}"
        return f"https://{bucket}.s3.{region}.amazonaws.com"


def find_account(environ: Mapping[str, str], home: Path) -> Credentials:
    """The account that Amazon's own tools would use: environment first, then their files."""
    profile = environ.get("AWS_PROFILE") or "default"
    credentials = _file(environ.get("AWS_SHARED_CREDENTIALS_FILE"), home, "credentials")
    stored = _section(credentials, profile)
    section = profile if profile == "default" else f"profile {profile}"
    settings = _section(_file(environ.get("AWS_CONFIG_FILE"), home, "config"), section)
    own = "AWS_ACCESS_KEY_ID" in environ and "AWS_SECRET_ACCESS_KEY" in environ
    keys: Mapping[str, str] = {k.lower(): v for k, v in environ.items()} if own else stored

    def key(name: str) -> str | None:
        place = name.upper() if own else f"{name} in {credentials}"
        return checked_key(keys.get(name, ""), place)

    return Credentials(
        endpoint=environ.get("AWS_ENDPOINT_URL_S3")
        or environ.get("AWS_ENDPOINT_URL")
        or settings.get("endpoint_url"),
        region=environ.get("AWS_REGION")
        or environ.get("AWS_DEFAULT_REGION")
        or settings.get("region")
        or "us-east-1",
        key_id=key("aws_access_key_id"),
        secret=key("aws_secret_access_key"),
        session_token=key("aws_session_token"),
    )


def _file(named: str | None, home: Path, name: str) -> Path:
    return Path(named) if named else home / ".aws" / name


def _section(path: Path, section: str) -> Mapping[str, str]:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise PayloadError(
            f"{path} cannot be read: {error.strerror}.", remedy="Check its permissions."
        ) from error
    except (UnicodeDecodeError, configparser.Error) as error:  # whose words quote the file: keys
        kind = type(error).__name__
        raise PayloadError(
            f"{path} is no file of settings ({kind}).", remedy="Correct the file."
        ) from None
    return dict(parser[section]) if parser.has_section(section) else {}


def signed_headers(
    url: httpx.URL, account: Credentials, region: str, at: datetime, method: str = "GET"
) -> dict[str, str]:
    """The headers of a request without a body, signed (AWS signature version 4, 2012-10-17).

    Args:
        url: with the query, whose values httpx has already encoded.
        account: with a key.
        region: where the bucket is.
        at: now.
        method: the request's.
    """
    stamp, day = at.strftime("%Y%m%dT%H%M%SZ"), at.strftime("%Y%m%d")
    host = url.netloc.decode("ascii")
    signed = {"host": host, "x-amz-content-sha256": _NOTHING, "x-amz-date": stamp}
    if account.session_token:
        signed["x-amz-security-token"] = account.session_token
    names = ";".join(sorted(signed))
    query = "&".join(
        f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}"
        for k, v in sorted(url.params.multi_items())
    )
    lines = [method, url.raw_path.partition(b"?")[0].decode("ascii"), query]
    lines += [f"{name}:{signed[name]}" for name in sorted(signed)]
    canonical = "\n".join([*lines, "", names, _NOTHING])
    scope = f"{day}/{region}/s3/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{account.secret}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
    signature = hmac.new(key, text.encode(), "sha256").hexdigest()
    del signed["host"]  # httpx sends it itself
    signed["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={account.key_id}/{scope}, SignedHeaders={names}, "
        f"Signature={signature}"
    )
    return signed


class Bucket:
    """One bucket of one store.

    Args:
        name: the bucket's.
        account: where it is and who asks.
        http: how servers are asked.
        now: unix seconds; signatures hold for minutes.
    """

    def __init__(self, name: str, account: Credentials, http: PayloadHttp, now: float) -> None:
        self.name, self.account, self.http, self.now = name, account, http, now
        self.region = account.region

    async def objects(self, prefix: str) -> list[Piece]:
        """Every object whose key begins with the prefix."""
        found: list[Piece] = []
        page: str | None = None
        while True:
            root = _xml(await self._list(prefix, page), self.name)
            found += [_object(entry, self.name) for entry in root.iterfind("{*}Contents")]
            page = root.findtext("{*}NextContinuationToken")
            if root.findtext("{*}IsTruncated") != "true" or not page:
                return found
            if len(found) >= MOST_OBJECTS:
                raise PayloadError(
                    f"s3://{self.name}/{prefix} has more than {MOST_OBJECTS:,} objects.",
                    remedy="Name a narrower prefix.",
                )

    async def _list(self, prefix: str, page: str | None) -> bytes:
        query = {"list-type": "2", "prefix": prefix} | (
            {"continuation-token": page} if page else {}
        )
        reply = await self._get(query)
        elsewhere = reply.headers.get("x-amz-bucket-region")
        if reply.status in (301, 307, 400) and elsewhere and elsewhere != self.region:
            self.region = elsewhere
            reply = await self._get(query)
        if not reply.ok:
            raise self._refusal(reply)
        return reply.body

    async def _get(self, query: dict[str, str]) -> Reply:
        base = self.account.bucket_url(self.name, self.region)
        url = httpx.URL(base, params=query)
        headers: dict[str, str] = {}
        if self.account.key_id and self.account.secret:
            at = datetime.fromtimestamp(self.now, UTC)
            headers = signed_headers(url, self.account, self.region, at)
        return await self.http.ask("GET", url, headers=headers, limit_bytes=PAGE_BYTES)

    def _refusal(self, reply: Reply) -> PayloadError:
        code = re.search(rb"<Code>([A-Za-z]+)</Code>", reply.body)
        why = code[1].decode() if code else f"HTTP {reply.status}"
        if why == "NoSuchBucket" or reply.status == 404:
            return PayloadError(
                f"There is no bucket {self.name} at that store.",
                remedy="Check its name and AWS_ENDPOINT_URL_S3.",
            )
        if reply.status in (401, 403):
            with_key = self.account.key_id is not None
            return PayloadError(
                f"The store does not let {'your key' if with_key else 'strangers'} list "
                f"{self.name} ({why}).",
                remedy="Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION."
                if with_key
                else "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
            )
        if reply.status == 429 or why == "SlowDown":
            return rate_limited(reply, "The store", self.now, "Wait, then try again.")
        return failing(reply, "The store")


async def bucket_size(
    ref: str, text: str, http: PayloadHttp, account: Credentials, now: float
) -> PayloadSize:
    """The bytes of an object, of everything below a folder, or of everything that a pattern matches."""
    found = _REF.fullmatch(text)
    if not found:
        raise UsageError(f"{text[:200]!r} names no bucket.", remedy="Write s3://BUCKET/PREFIX.")
    name, wanted = found[1], found[2] or ""
    listed = await Bucket(name, account, http, now).objects(re.split(r"[*?\[]", wanted)[0])
    chosen = _meant(listed, wanted)
    if not chosen:
        raise PayloadError(
            f"s3://{name} has nothing under {wanted or 'its root'}.", remedy="Check the prefix."
        )
    whole = hashlib.sha256(
        "\n".join(f"{o.name}\t{o.digest}\t{o.compressed_bytes}" for o in chosen).encode()
    )
    return size_of_files(ref, "s3", f"sha256:{whole.hexdigest()}", chosen, [])


def _meant(objects: list[Piece], wanted: str) -> list[Piece]:
    """The object of that very key, else what lies in the folder of that name, else the prefix as it is."""
    if re.search(r"[*?\[]", wanted):
        return [entry for entry in objects if fnmatchcase(entry.name or "", wanted)]
    exact = [entry for entry in objects if entry.name == wanted]
    folder = wanted if wanted.endswith("/") or not wanted else wanted + "/"
    inside = [entry for entry in objects if (entry.name or "").startswith(folder)]
    return inside + [entry for entry in exact if entry not in inside] or objects


def _xml(body: bytes, bucket: str) -> ElementTree.Element:
    try:
        if b"<!" in body:
            raise ElementTree.ParseError("declarations have no place here")
        return ElementTree.fromstring(body)  # noqa: S314  without declarations there are no entities
    except ElementTree.ParseError as error:
        raise PayloadError(
            f"The store's list of {bucket} cannot be read: {error}.", remedy="Check the endpoint."
        ) from error


def _object(entry: ElementTree.Element, bucket: str) -> Piece:
    key, n_bytes = entry.findtext("{*}Key"), entry.findtext("{*}Size") or ""
    if not key or not re.fullmatch(r"\d{1,16}", n_bytes):
        raise PayloadError(
            f"The store's list of {bucket} has an object of {n_bytes or 'unknown'} bytes.",
            remedy="Check the endpoint.",
        )
    tag = (entry.findtext("{*}ETag") or "").strip('"')
    return file_piece(key, int(n_bytes), f"etag:{tag}" if tag else None)
