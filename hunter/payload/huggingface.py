"""Weights on Hugging Face: the files that a loader would fetch, and their bytes."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import msgspec

from hunter.payload.documents import absent, believable, parsed
from hunter.payload.http import failing, rate_limited
from hunter.payload.hub_files import loaded_files
from hunter.payload.sizes import file_piece, size_of_files
from hunter.values.errors import PayloadError, UsageError
from hunter.values.keys import checked_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hunter.payload.http import PayloadHttp
    from hunter.payload.sizes import PayloadSize, Piece

HUB = "https://huggingface.co"
LIST_BYTES = 64 * 2**20
"""The largest repositories list some 100,000 files."""

_REF = re.compile(
    r"(?:(datasets|spaces)/)?([A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)?)(?:@([\w./-]+))?(?::(.+))?"
)
Bytes = Annotated[int, msgspec.Meta(ge=0, le=2**50)]


Name = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class _Lfs(msgspec.Struct, frozen=True):
    size: Bytes | None = None
    sha256: str | None = None


class _HubFile(msgspec.Struct, frozen=True, rename={"name": "rfilename", "blob_id": "blobId"}):
    name: Name
    size: Bytes | None = None
    blob_id: str | None = None
    lfs: _Lfs | None = None

    @property
    def n_bytes(self) -> int | None:
        """Its size, where the hub says it."""
        return self.lfs.size if self.lfs and self.lfs.size is not None else self.size

    @property
    def digest(self) -> str | None:
        """What names its bytes."""
        if self.lfs and self.lfs.sha256:
            return f"sha256:{self.lfs.sha256}"
        return f"git:{self.blob_id}" if self.blob_id else None


class _OnlyNamed(msgspec.Struct, frozen=True, rename={"name": "rfilename"}):
    """As much of a file's record as says which file it is about."""

    name: Name


class _Repository(msgspec.Struct, frozen=True):
    """What the hub says of a repository; each file is read for itself."""

    siblings: list[msgspec.Raw] | None = None
    sha: str | None = None
    gated: bool | str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HubRef:
    """A repository, a revision and the files that are meant."""

    kind: str
    name: str
    revision: str
    glob: str | None

    def __str__(self) -> str:
        return f"{'' if self.kind == 'models' else self.kind + '/'}{self.name}"


def parse_hub_ref(text: str) -> HubRef:
    """`ORG/REPO[@REV][:GLOB]`; UsageError where it is not that."""
    found = _REF.fullmatch(text)
    if not found or ".." in text:
        raise UsageError(
            f"{text[:200]!r} names nothing on Hugging Face.",
            remedy="Write hf:ORG/REPO, hf:ORG/REPO@REVISION or hf:ORG/REPO:*.safetensors.",
        )
    kind, name, revision, glob = found.groups()
    return HubRef(kind=kind or "models", name=name, revision=revision or "main", glob=glob)


async def hub_size(
    ref: str, asked: HubRef, http: PayloadHttp, base_url: str, token: str | None, now: float
) -> PayloadSize:
    """The bytes that a loader fetches from a repository; nothing of it is fetched."""
    url = f"{base_url}/api/{asked.kind}/{asked.name}/revision/{quote(asked.revision, safe='')}"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    reply = await http.ask("GET", f"{url}?blobs=true", headers=headers, limit_bytes=LIST_BYTES)
    if not reply.ok:
        raise _refusal(reply.status, reply.headers.get("x-error-code", ""), asked, token) or (
            rate_limited(reply, "Hugging Face", now, "Set HF_TOKEN, or wait.")
            if reply.status == 429
            else failing(reply, "Hugging Face")
        )
    wrong = f"Hugging Face answered nonsense about {asked}"
    repository = parsed(reply.body, _Repository, wrong, "Try again later.")
    warnings: list[str] = []
    if repository.gated:
        warnings.append(
            f"{asked} is gated: accept its terms on its page and give the instance HF_TOKEN, or the "
            "download is refused there."
        )
    files = _files(repository, asked, warnings)
    if not files:
        raise PayloadError(f"Hugging Face shows no files of {asked}.", remedy=f"See {HUB}/{asked}.")
    pieces = _sized(choose(files, asked, warnings), asked)
    return size_of_files(ref, "huggingface", _version(repository, pieces), pieces, warnings)


def _files(repository: _Repository, asked: HubRef, warnings: list[str]) -> list[_HubFile]:
    """The files of a repository. One of odd size is one of unknown size; one without a name is none."""
    files, n_nameless = list[_HubFile](), 0
    for record in repository.siblings or []:
        if absent(record):
            continue
        if (file := believable(record, _HubFile)) is not None:
            files.append(file)
        elif (named := believable(record, _OnlyNamed)) is not None:
            files.append(_HubFile(name=named.name))
        else:
            n_nameless += 1
    if n_nameless:
        warnings.append(
            f"{n_nameless} of the files that Hugging Face lists for {asked} cannot be read, and have no "
            "name to say which: they are not counted."
        )
    return files


def _version(repository: _Repository, pieces: list[Piece]) -> str:
    """The commit; where the hub does not say it, a hash over names and sizes."""
    if repository.sha:
        return repository.sha
    listed = sorted(f"{piece.name}\t{piece.digest}\t{piece.compressed_bytes}" for piece in pieces)
    return "sha256:" + hashlib.sha256("\n".join(listed).encode()).hexdigest()


def _refusal(status: int, code: str, asked: HubRef, token: str | None) -> PayloadError | None:
    page = f"{HUB}/{asked}"
    if code == "GatedRepo" or (status == 403 and code != "RepoNotFound"):
        return PayloadError(
            f"{asked} is gated: Hugging Face shows it only to those who accepted its terms.",
            remedy=f"Accept them at {page} and set HF_TOKEN to a token of that account.",
        )
    if code == "RevisionNotFound":
        return PayloadError(
            f"{asked} has no revision {asked.revision!r}.", remedy=f"See its branches at {page}."
        )
    if status in (401, 404):
        private = "" if token else " A private one needs HF_TOKEN."
        return PayloadError(
            f"Hugging Face has no {asked} that you may see.", remedy=f"Check the name.{private}"
        )
    return None


def _sized(chosen: list[_HubFile], asked: HubRef) -> list[Piece]:
    files = []
    for entry in chosen:
        n_bytes = entry.n_bytes
        if n_bytes is None:
            raise PayloadError(
                f"Hugging Face says nothing, or nonsense, about how large {entry.name} of {asked} is.",
                remedy="Give the size by hand in the workload file.",
            )
        files.append(file_piece(entry.name, n_bytes, entry.digest))
    return files


def choose(files: list[_HubFile], asked: HubRef, warnings: list[str]) -> list[_HubFile]:
    """The files that are meant: those of the glob, else those that a loader would fetch."""
    if asked.glob is not None:
        found = [entry for entry in files if fnmatchcase(entry.name, asked.glob)]
        if not found:
            raise PayloadError(
                f"No file of {asked} matches {asked.glob!r}.", remedy="See its files on its page."
            )
        return found
    if asked.kind != "models":
        return files
    loaded = loaded_files(files, warnings)
    if not loaded:
        warnings.append(f"{asked} has no weights that a loader knows: all its files are counted.")
    return loaded or files


def find_token(environ: Mapping[str, str], home: Path) -> str | None:
    """The user's token, where the hub's own client looks for it."""
    for variable in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        if token := checked_key(environ.get(variable, ""), variable):
            return token
    if environ.get("HF_TOKEN_PATH"):
        path = Path(environ["HF_TOKEN_PATH"])
    else:
        folder = environ.get("HF_HOME")
        path = (Path(folder) if folder else home / ".cache" / "huggingface") / "token"
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    return checked_key(text, str(path))
