"""Single files: behind a web address, or on this machine."""

from __future__ import annotations

import glob
import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from hunter.payload.bodies import stated_length, total_of_range
from hunter.payload.http import failing, rate_limited
from hunter.payload.refs import shown
from hunter.payload.sizes import Piece, file_piece, size_of_files
from hunter.values.errors import PayloadError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hunter.payload.http import PayloadHttp, Reply
    from hunter.payload.sizes import PayloadSize

_NO_HEAD = (403, 404, 405, 501)
"""How servers refuse HEAD: addresses signed for GET answer 403."""


async def url_size(ref: str, http: PayloadHttp, token: str | None, now: float) -> PayloadSize:
    """The bytes behind a web address, by HEAD, else from the range of one byte.

    Args:
        ref: the address.
        http: how servers are asked.
        token: a bearer token for that host, if it takes one.
        now: unix seconds.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    reply = await http.ask("HEAD", ref, headers=headers, body=False)
    n_bytes = _length(reply) if reply.ok else None
    if n_bytes is None and (reply.ok or reply.status in _NO_HEAD):
        reply = await http.ask("GET", ref, headers={**headers, "Range": "bytes=0-0"}, body=False)
        n_bytes = _length(reply)
    host = reply.url.host
    if reply.status == 429:
        raise rate_limited(reply, host, now, "Wait, then try again.")
    if reply.status in (401, 403):
        raise PayloadError(
            f"{host} does not show {shown(ref)} to strangers.", remedy="Check the address."
        )
    if reply.status in (404, 410):
        raise PayloadError(f"{host} has nothing at {shown(ref)}.", remedy="Check the address.")
    if not reply.ok:
        raise failing(reply, host)
    if n_bytes is None:
        raise PayloadError(
            f"{host} does not say how large {shown(ref)} is.",
            remedy="Give the size by hand in the workload file.",
        )
    warnings = []
    if reply.headers.get("content-type", "").startswith("text/html"):
        warnings.append("It is a web page and no file of weights: is the address a download?")
    mark = reply.headers.get("etag") or reply.headers.get("last-modified") or ""
    digest = "sha256:" + hashlib.sha256(f"{ref}\t{mark}\t{n_bytes}".encode()).hexdigest()
    name = Path(reply.url.path).name or host
    etag = f"etag:{mark.strip(chr(34))}" if mark else None
    return size_of_files(ref, "url", digest, [file_piece(name, n_bytes, etag)], warnings)


def _length(reply: Reply) -> int | None:
    """The whole length that an answer states; None where it states none."""
    whole = total_of_range(reply.headers)
    if whole is not None or reply.status == 206:
        return whole
    packed = reply.headers.get("content-encoding", "identity") != "identity"
    return None if packed else stated_length(reply.headers)


def local_size(ref: str, pattern: str) -> PayloadSize:
    """The bytes of a file, of a folder with all below it, or of everything a pattern matches.

    Files that are linked to more than once are counted once. It reads names and sizes, no contents.
    """
    expanded = os.path.expanduser(pattern)
    roots = [expanded] if os.path.exists(expanded) else sorted(glob.glob(expanded, recursive=True))
    if not roots:
        raise PayloadError(f"There is no file {pattern}.", remedy="Check the path.")
    whole, seen, files = hashlib.sha256(), set[tuple[int, int]](), list[Piece]()
    for name, status in sorted(_regular(roots), key=lambda found: found[0]):
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        whole.update(f"{name}\t{status.st_size}\t{status.st_mtime_ns}\n".encode(errors="replace"))
        files.append(file_piece(name, status.st_size, None))
    return size_of_files(ref, "file", f"sha256:{whole.hexdigest()}", files, [])


def _regular(roots: list[str]) -> Iterator[tuple[str, os.stat_result]]:
    for root in roots:
        inside = [
            os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names
        ]
        for path in inside if os.path.isdir(root) else [root]:
            try:
                status = os.stat(path)
            except FileNotFoundError:
                continue  # a link to nothing, or gone since
            except OSError as error:
                raise PayloadError(
                    f"{path} cannot be read: {error.strerror}.", remedy="Check its permissions."
                ) from error
            if stat.S_ISREG(status.st_mode):
                yield path, status
