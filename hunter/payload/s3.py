"""Objects in any S3-compatible store, listed by botocore, Amazon's own client.

Botocore does what such a client is for: it finds the account where Amazon's tools find it (environment,
profiles, roles, SSO, a process that names keys), knows the endpoint and how it is addressed, signs, finds
the region of a bucket elsewhere, turns pages and reads the answers. Its requests travel through
`PayloadHttp`, by its hook `before-send`. Who keeps which limit:

    regions     botocore: what a store names as its region is one label of a name, never a host
    redirects   botocore follows none, and so `PayloadHttp` follows none for it: a bucket elsewhere is asked
                for once more, by its region, at the same endpoint or at Amazon's name for that region;
                we end it where a store names no region, of which botocore would ask without end
    pages       botocore: a store that names the same next page twice is left
    hosts       we: the endpoint that the user named; Amazon's names for Amazon's buckets
    bytes       we: a page is no longer than `PAGE_BYTES`, counted as it unpacks
    documents   we: one with declarations is not parsed, in no encoding, so that there are no entities
    objects     we: no more than `MOST_OBJECTS`, and no more than `MOST_PAGES` however little is on each
    time        we: when the caller's time is up, what is under way ends and nothing more is asked
    tries       we: one
    secrets     we: what a cloud tells a machine about itself (169.254.169.254) is not asked for; of what
                botocore says about an account only sentences that hold no secret are told

What it takes to know an account (a role, SSO) botocore asks Amazon by itself, as the user's own settings say.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import re
import threading
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import httpx

from hunter.payload.bodies import LARGEST_BYTES
from hunter.payload.http import Reply, failing, rate_limited
from hunter.payload.sizes import file_piece, size_of_files
from hunter.payload.xml_pages import plain_xml
from hunter.values.errors import HunterError, PayloadError, UsageError
from hunter.values.keys import checked_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from concurrent.futures import Future
    from pathlib import Path

    from hunter.payload.http import PayloadHttp
    from hunter.payload.sizes import PayloadSize, Piece

PAGE_BYTES = 8 * 2**20
"""A page names at most 1,000 objects (S3 API, ListObjectsV2)."""
MOST_OBJECTS = 100_000
"""More is a data lake and no payload."""
MOST_PAGES = 1000
"""Of a listing: stores of one's own may put fewer objects on a page, but not as few as they like."""
LONGEST_KEY = 1024
"""Bytes of an object's name (S3 user guide, object keys)."""
_REF = re.compile(r"([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", re.S)
KEY_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_AMAZON = re.compile(r"[a-z0-9.-]+\.amazonaws\.(com|com\.cn|eu)")
_SAYS_NO_SECRET = ("ProfileNotFound", "ConfigParseError", "InvalidRegionError")
"""Botocore's errors whose sentences name a profile, a file or a region and nothing else."""


async def bucket_size(
    ref: str, text: str, http: PayloadHttp, environ: Mapping[str, str], home: Path, now: float
) -> PayloadSize:
    """The bytes of an object, of everything below a folder, or of everything that a pattern matches.

    Args:
        ref: as the user wrote it.
        text: the bucket, and the prefix or pattern behind it.
        http: how servers are asked.
        environ: the user's environment, for the account.
        home: the user's home, for the account.
        now: unix seconds, to tell when a rate limit ends.
    """
    found = _REF.fullmatch(text)
    if not found:
        raise UsageError(f"{text[:200]!r} names no bucket.", remedy="Write s3://BUCKET/PREFIX.")
    name, wanted = found[1], found[2] or ""
    carrier = _Carrier(http, asyncio.get_running_loop(), name, now)
    prefix = re.split(r"[*?\[]", wanted)[0]
    try:
        listed = await asyncio.to_thread(_listed, name, prefix, carrier, environ, home)
    finally:
        carrier.stop()
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


# ── in a thread of its own: botocore knows no event loop ─────────────────────────────────────────
def _listed(
    bucket: str, prefix: str, carrier: _Carrier, environ: Mapping[str, str], home: Path
) -> list[Piece]:
    """Every object whose key begins with the prefix."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  0.4 s, only for s3://

    try:
        client = _client(carrier, environ, home)
    except BotoCoreError as error:
        raise _unusable(error, bucket) from None
    except (ValueError, httpx.InvalidURL):
        raise PayloadError(
            "The endpoint of the AWS settings is no web address.",
            remedy="Write AWS_ENDPOINT_URL, or endpoint_url in ~/.aws/config, as https://HOST.",
        ) from None
    try:
        return list(each_object(client, bucket, prefix))
    except ClientError as error:
        raise _refusal(error.response, bucket, carrier) from None
    except BotoCoreError as error:
        raise _unusable(error, bucket) from None
    except HunterError:
        raise
    except Exception as error:  # it trusts its stores: XML that is no list breaks it in many ways
        raise _unreadable(bucket) from error


def _client(carrier: _Carrier, environ: Mapping[str, str], home: Path) -> Any:
    """Botocore's client for the user's account, unsigned where there is none."""
    from botocore import UNSIGNED  # noqa: PLC0415  with it
    from botocore.config import Config  # noqa: PLC0415
    from botocore.session import Session  # noqa: PLC0415

    session = Session(profile=environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE"))
    files = {"config_file": "AWS_CONFIG_FILE", "credentials_file": "AWS_SHARED_CREDENTIALS_FILE"}
    for variable, named in files.items():
        path = environ.get(named) or home / ".aws" / variable.partition("_")[0]
        session.set_config_variable(variable, str(path))
    endpoint = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL")
    own = [checked_key(environ.get(name, ""), name) for name in KEY_VARIABLES]
    if all(own[:2]):
        session.set_credentials(*own)
    for provider in ("env", "iam-role"):  # the environment is `environ`
        session.get_component("credential_provider").remove(provider)
    carrier.with_key = _checked(session.get_credentials())
    client = session.create_client(
        "s3",
        region_name=environ.get("AWS_REGION")
        or environ.get("AWS_DEFAULT_REGION")
        or session.get_config_variable("region")
        or "us-east-1",
        endpoint_url=endpoint,
        config=Config(
            signature_version=None if carrier.with_key else UNSIGNED,
            retries={"total_max_attempts": 1},
        ),
    )
    carrier.endpoint = httpx.URL(client.meta.endpoint_url)
    client.meta.events.register("before-send.s3", carrier.carry)
    return client


def _checked(credentials: Any) -> bool:
    """Whether there are credentials; ConfigError names what cannot be one, and never quotes it."""
    if credentials is None:
        return False
    found = credentials.get_frozen_credentials()
    keys = (found.access_key, found.secret_key, found.token)
    for name, key in zip(KEY_VARIABLES, keys, strict=True):
        checked_key(key or "", f"{name.lower()} in the AWS credentials ({credentials.method})")
    return True


def each_object(client: Any, bucket: str, prefix: str) -> Iterator[Piece]:
    """The objects on every page of a listing, as far as there are not too many."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    n_objects = 0
    for n_pages, page in enumerate(pages, start=1):
        entries = page.get("Contents", [])
        n_objects += len(entries)
        if n_objects > MOST_OBJECTS or n_pages > MOST_PAGES:
            raise PayloadError(
                f"s3://{bucket}/{prefix} has more than {MOST_OBJECTS:,} objects.",
                remedy="Name a narrower prefix.",
            )
        for entry in entries:
            yield _object(entry, bucket)


def _object(entry: Mapping[str, Any], bucket: str) -> Piece:
    key, n_bytes = entry.get("Key"), entry.get("Size")
    if not key or n_bytes is None or not 0 <= n_bytes <= LARGEST_BYTES:
        raise PayloadError(
            f"The store's list of {bucket} has an object of {n_bytes or 'unknown'} bytes.",
            remedy="Check the endpoint.",
        )
    if len(key) > LONGEST_KEY:
        raise _unreadable(bucket)
    tag = (entry.get("ETag") or "").strip('"')[:LONGEST_KEY]
    return file_piece(key, n_bytes, f"etag:{tag}" if tag else None)


class _Carrier:
    """Carries botocore's requests through `PayloadHttp`, and ends them when nobody waits any more.

    Args:
        http: how servers are asked.
        loop: where `http` lives.
        bucket: what is asked about, for sentences.
        now: unix seconds.
    """

    def __init__(
        self, http: PayloadHttp, loop: asyncio.AbstractEventLoop, bucket: str, now: float
    ) -> None:
        self.http, self.loop, self.bucket, self.now = http, loop, bucket, now
        self.endpoint = httpx.URL("")
        self.with_key = False
        self.last: Reply | None = None
        self._lock = threading.Lock()
        self._under_way: Future[Reply] | None = None
        self._stopped = False

    def carry(self, request: Any, **_: Any) -> Any:
        """Botocore's hook `before-send`: the answer that stands in for the one that it would fetch."""
        from botocore.awsrequest import AWSResponse  # noqa: PLC0415  with the client

        reply = self.last = self._ask(httpx.URL(request.url), request)
        elsewhere = 300 <= reply.status < 400 and "x-amz-bucket-region" not in reply.headers
        if request.method == "HEAD" and elsewhere:  # botocore would ask again without end
            raise PayloadError(
                f"The store sends us elsewhere for {self.bucket} and does not say to which region.",
                remedy="Set AWS_REGION to the bucket's region, and check the endpoint.",
            )
        try:
            body = plain_xml(reply.body)
        except ValueError as error:
            if reply.ok:
                raise _unreadable(self.bucket) from error
            body = b""  # its status says enough
        return AWSResponse(request.url, reply.status, dict(reply.headers), _Body(body))

    def _ask(self, url: httpx.URL, request: Any) -> Reply:
        if not self._mine(url.host):
            raise PayloadError(
                f"{self.endpoint.host} sends us to {url.host}, which is no store of yours.",
                remedy="Hunter does not go there: that server is misconfigured or hostile.",
            )
        headers = {
            name: value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
            if name.lower() != "user-agent"
        }
        asking = self.http.ask(
            request.method, url, headers=headers, limit_bytes=PAGE_BYTES, redirects=0
        )
        with self._lock:
            if self._stopped:
                asking.close()
                raise PayloadError(
                    "Nobody waits for the store any more.", remedy="Ask for it again."
                )
            self._under_way = asyncio.run_coroutine_threadsafe(asking, self.loop)
        return self._under_way.result()

    def _mine(self, host: str) -> bool:
        mine = self.endpoint.host
        by_amazon = bool(_AMAZON.fullmatch(mine) and _AMAZON.fullmatch(host))
        return by_amazon or host in (mine, f"{self.bucket}.{mine}")

    def stop(self) -> None:
        """Nothing is asked from now on."""
        with self._lock:
            self._stopped = True
            if self._under_way is not None:
                self._under_way.cancel()


class _Body(io.BytesIO):
    """A body as botocore reads it."""

    def stream(self) -> Iterator[bytes]:
        """The body, whole."""
        yield self.getvalue()


# ── failures as sentences ────────────────────────────────────────────────────────────────────────
def _refusal(response: Mapping[str, Any], bucket: str, carrier: _Carrier) -> PayloadError:
    """What a refused listing means."""
    reply, code = carrier.last, str(response.get("Error", {}).get("Code", ""))
    assert reply is not None, "a refusal is an answer"
    if reply.ok:  # and no list
        return _unreadable(bucket)
    why = code if re.fullmatch(r"[A-Za-z]{1,64}", code) else f"HTTP {reply.status}"
    if why == "NoSuchBucket" or reply.status == 404:
        return PayloadError(
            f"There is no bucket {bucket} at that store.",
            remedy="Check its name and AWS_ENDPOINT_URL_S3.",
        )
    if reply.status in (401, 403):
        mine = carrier.with_key
        return PayloadError(
            f"The store does not let {'your key' if mine else 'strangers'} list {bucket} ({why}).",
            remedy="Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION."
            if mine
            else "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        )
    if reply.status == 429 or why == "SlowDown":
        return rate_limited(reply, "The store", carrier.now, "Wait, then try again.")
    return failing(reply, "The store")


def _unreadable(bucket: str) -> PayloadError:
    return PayloadError(
        f"The store's list of {bucket} cannot be read.", remedy="Check the endpoint."
    )


def _unusable(error: Exception, bucket: str) -> PayloadError:
    """What it means that botocore gives up by itself."""
    kind = type(error).__name__
    if kind == "PaginationError":
        return _unreadable(bucket)
    why = " ".join(str(error).split())[:200].rstrip(".") if kind in _SAYS_NO_SECRET else kind
    return PayloadError(
        f"{bucket} cannot be asked for as the AWS settings have it: {why}.",
        remedy="Check ~/.aws, the AWS_ variables of your environment, and the endpoint.",
    )
