"""Weights on Hugging Face: the files that a loader would fetch, and their bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import msgspec

from hunter.payload.http import failing, rate_limited
from hunter.payload.sizes import file_piece, size_of_files
from hunter.values.errors import PayloadError, UsageError
from hunter.values.keys import checked_key
from hunter.values.words import human

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
_SMALL = ("*.json", "*.txt", "*.model", "*.py", "*.jinja", "*.yaml", "*.tiktoken")
"""What a loader fetches beside the weights: settings, tokenizers, code."""
_OTHER_RUNTIMES = (
    "*onnx*",
    "*openvino*",
    "*.msgpack",
    "*.h5",
    "*flax_model*",
    "*.tflite",
    "*.ot",
    "*coreml*",
)
_WEIGHTS_OLD = ("*.bin", "*.pt", "*.pth", "*.ckpt")
_VARIANT = re.compile(r"\.(fp16|fp32|bf16|ema|non_ema|int8)[.-]")
_SHARD = re.compile(r"-\d{5}-of-\d{5}")
_USUAL_QUANTS = ("q4_k_m", "q4_k_s", "q4_0", "q5_k_m", "q8_0")
"""What llama.cpp's users take where they do not say; the first that is there."""

Bytes = Annotated[int, msgspec.Meta(ge=0, le=2**50)]


class _Lfs(msgspec.Struct, frozen=True):
    size: Bytes | None = None
    sha256: str = ""


class _HubFile(msgspec.Struct, frozen=True, rename={"name": "rfilename", "blob_id": "blobId"}):
    name: str
    size: Bytes | None = None
    blob_id: str = ""
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


class _Repository(msgspec.Struct, frozen=True):
    siblings: list[_HubFile]
    sha: str = ""
    gated: bool | str = False


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
    try:
        repository = msgspec.json.decode(reply.body, type=_Repository)
    except (msgspec.DecodeError, RecursionError) as error:
        raise PayloadError(
            f"Hugging Face answered nonsense about {asked}: {error}.", remedy="Try again later."
        ) from error
    warnings: list[str] = []
    if repository.gated:
        warnings.append(
            f"{asked} is gated: accept its terms on its page and give the instance HF_TOKEN, or the "
            "download is refused there."
        )
    chosen = choose(repository.siblings, asked, warnings)
    return size_of_files(ref, "huggingface", repository.sha, _sized(chosen, asked), warnings)


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
                f"Hugging Face does not say how large {entry.name} of {asked} is.",
                remedy="Give the size by hand in the workload file.",
            )
        files.append(file_piece(entry.name, n_bytes, entry.digest))
    return files


# ── which files a loader takes ──────────────────────────────────────────────────────────────────
def choose(files: list[_HubFile], asked: HubRef, warnings: list[str]) -> list[_HubFile]:
    """The files that are meant: those of the glob, else those that a loader would fetch.

    Without a glob: safetensors rather than pickles, one variant, one GGUF, none of other runtimes'
    copies, and of a diffusers pipeline its parts and not the single-file copies beside them.
    """
    if asked.glob is not None:
        found = [entry for entry in files if fnmatchcase(entry.name, asked.glob)]
        if not found:
            raise PayloadError(
                f"No file of {asked} matches {asked.glob!r}.", remedy="See its files on its page."
            )
        return found
    if asked.kind != "models":
        return files
    useful = [entry for entry in files if not _matches(entry.name, _OTHER_RUNTIMES)]
    small = [entry for entry in useful if _matches(entry.name, _SMALL)]
    weights = _weights(useful, warnings)
    if not weights:
        warnings.append(f"{asked} has no weights that a loader knows: all its files are counted.")
        return files
    folders = {_folder(entry.name) for entry in weights} | {""}
    pipeline = any(entry.name == "model_index.json" for entry in files)
    beside = [entry for entry in small if pipeline or _folder(entry.name) in folders]
    return weights + [entry for entry in beside if entry not in weights]


def _weights(files: list[_HubFile], warnings: list[str]) -> list[_HubFile]:
    pipeline = any(entry.name == "model_index.json" for entry in files)
    if pipeline:
        files = [entry for entry in files if _folder(entry.name)]
    safe = _one_variant([entry for entry in files if entry.name.endswith(".safetensors")])
    if safe and pipeline:
        covered = {_folder(entry.name) for entry in safe}
        old = _one_variant([e for e in files if _matches(e.name, ("*.bin",))])
        return safe + [entry for entry in old if _folder(entry.name) not in covered]
    if safe:
        return _main_weights(safe)
    gguf = [entry for entry in files if entry.name.lower().endswith(".gguf")]
    if gguf:
        return _one_gguf(gguf, warnings)
    return _main_weights(_one_variant([e for e in files if _matches(e.name, _WEIGHTS_OLD)]))


def _one_variant(files: list[_HubFile]) -> list[_HubFile]:
    """Without the copies in another precision, where a folder has the plain ones too."""
    plain = {_folder(entry.name) for entry in files if not _VARIANT.search(entry.name)}
    return [e for e in files if _folder(e.name) not in plain or not _VARIANT.search(e.name)]


def _main_weights(files: list[_HubFile]) -> list[_HubFile]:
    """Those at the top, of them those that `from_pretrained` opens, whole or in shards, but not both."""
    top = [entry for entry in files if not _folder(entry.name)] or files
    named = [e for e in top if re.match(r"(pytorch_)?model[.-]", e.name.rpartition("/")[2])] or top
    shards = [entry for entry in named if _SHARD.search(entry.name)]
    whole = [entry for entry in named if not _SHARD.search(entry.name)]
    standard = [entry for entry in whole if re.match(r"(pytorch_)?model\.", entry.name)]
    return standard or (shards if shards else whole)


def _one_gguf(files: list[_HubFile], warnings: list[str]) -> list[_HubFile]:
    """One quantisation of many, with all its shards."""
    groups: dict[str, list[_HubFile]] = {}
    for entry in files:
        if "mmproj" not in entry.name.lower():
            groups.setdefault(_SHARD.sub("", entry.name), []).append(entry)
    if not groups:
        return files
    usual = [name for quant in _USUAL_QUANTS for name in sorted(groups) if quant in name.lower()]
    name = usual[0] if usual else min(groups)
    if len(groups) > 1:
        n_bytes = sum(entry.n_bytes or 0 for entry in groups[name])
        warnings.append(
            f"Of {len(groups)} GGUF files only {name} is counted ({human(n_bytes)}); "
            "name another with :*Q8_0*."
        )
    return groups[name]


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name.lower(), pattern) for pattern in patterns)


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


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
