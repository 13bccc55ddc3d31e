"""Which files of a model's repository a loader takes, and which are copies of others. No network here.

A *part* is what has a stem of its own in a folder: weights of different folders or stems belong together,
whatever their formats (a text encoder as `.pth` beside a sharded transformer as `.safetensors`). The same
stem in several formats, precisions or ways to cut it is one part, of which one copy is taken. Where a part
may be a copy of another, it is counted and a warning says so: a disk that is too small costs more.
"""

from __future__ import annotations

import re
from collections import defaultdict
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from hunter.values.words import human

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Named(Protocol):
    """A file of a repository."""

    @property
    def name(self) -> str:
        """Its path."""
        ...

    @property
    def n_bytes(self) -> int | None:
        """Its size, where the hub says it."""
        ...


File = TypeVar("File", bound=Named)

_SMALL = ("*.json", "*.txt", "*.model", "*.py", "*.jinja", "*.yaml", "*.tiktoken")
"""What a loader fetches beside the weights: settings, tokenizers, code."""
_OTHER_RUNTIMES = (
    "*onnx*", "*openvino*", "*.msgpack", "*.h5", "*flax_model*", "*.tflite", "*.ot", "*coreml*",
)  # fmt: skip
_LEFT_OVER = re.compile(
    r"(?:^|/)(?:checkpoint-\d+|global_step\d+)/"
    r"|(?:^|/)(?:optimizer|scheduler|scaler|training_args|rng_state|random_states)[^/]*\.(?:pt|pth|bin)$",
    re.I,
)
"""What training leaves behind to go on from (names of transformers' Trainer 4.57 and of DeepSpeed)."""
_COPIES_OF_ALL = re.compile(r"^(?:original|metal)/")
"""Where makers put the whole model again for their own programs (Llama, gpt-oss), beside that at the top."""
_FORMATS = ("safetensors", "bin", "pt", "pth", "ckpt")
"""The first that is there is taken; all but the first are pickles."""
_FILE = re.compile(r"(?P<stem>.+)\.(?P<format>safetensors|bin|pt|pth|ckpt|gguf)", re.I)
_SHARD = re.compile(r"-\d{5}-of-(\d{5})")
_VARIANT = re.compile(r"\.(fp8|fp16|fp32|bf16|ema|non_ema|int8)(?=[.-]|$)", re.I)
_MODEL = "model"
_PICKLED_MODEL = "pytorch_model"
"""Pickles say so in their stem: transformers writes model.safetensors and pytorch_model.bin of one model."""
_CONSOLIDATED = re.compile(r"consolidated(\.\d+)?$")
"""Mistral's and Meta's own form of what lies beside it for transformers."""
_QUANT = re.compile(
    r"(?:(?:^|[-_.])UD)?(?:^|[-_.])"
    r"(?:i?q\d[0-9a-z_]*|tq\d_\d|bf16|fp?16|fp?32|mxfp4(?:_moe)?)(?=[-_.]|$)",
    re.I,
)
_USUAL_QUANTS = ("q4_k_m", "q4_k_s", "q4_0", "q5_k_m", "q8_0")
"""What llama.cpp's users take where they do not say; the first that is there."""


class _Copy(NamedTuple):
    """One way in which a part is there; of several the smallest by this order is taken."""

    variant: str
    """Empty goes before every precision with a name."""
    format_rank: int
    n_shards: int
    """0 is whole."""


def loaded_files(files: Sequence[File], warnings: list[str]) -> list[File]:
    """What a loader would fetch of a model's repository; nothing where it has no weights.

    Args:
        files: all that is in it.
        warnings: what a user should know of the choice; it grows.
    """
    useful = [
        file
        for file in files
        if not _matches(file.name, _OTHER_RUNTIMES) and not _LEFT_OVER.search(file.name)
    ]
    pipeline = any(file.name == "model_index.json" for file in files)
    weights = _weights(useful, warnings, pipeline=pipeline)
    if not weights:
        return []
    folders = {_folder(file.name) for file in weights} | {""}
    small = [file for file in useful if _matches(file.name, _SMALL)]
    beside = [file for file in small if pipeline or _folder(file.name) in folders]
    taken = {file.name for file in weights}
    return weights + [file for file in beside if file.name not in taken]


def _weights(files: Iterable[File], warnings: list[str], *, pipeline: bool) -> list[File]:
    """The weights of a repository, one copy of each part."""
    found = [file for file in files if _FILE.fullmatch(file.name)]
    if pipeline:  # what lies at the top is the whole once more, in a single file
        found = [file for file in found if _folder(file.name)]
    gguf = [file for file in found if file.name.lower().endswith(".gguf")]
    parts = _parts([file for file in found if not file.name.lower().endswith(".gguf")])
    taken = [_best(copies) for copies in parts.values()]
    if gguf and ("", _MODEL) in parts:
        warnings.append(
            f"{len(gguf)} GGUF file{'s are' if len(gguf) > 1 else ' is'} not counted: the same model lies "
            "there for transformers. Name them with :*.gguf if they are what you load."
        )
    elif gguf:
        taken += _ggufs(gguf, {stem for _, stem in parts}, warnings)
    if len(taken) > 1 and not pipeline:
        total = human(sum(file.n_bytes or 0 for files in taken for file in files))
        warnings.append(
            f"Weights in {len(taken)} parts are all counted ({total}): if you load only some, name them "
            "with :GLOB."
        )
    return [file for files in taken for file in files]


def _parts(files: list[File]) -> dict[tuple[str, str], dict[_Copy, list[File]]]:
    """Copies by folder and stem, without those that are the whole model in its maker's own form."""
    parts = defaultdict[tuple[str, str], dict[_Copy, list[File]]](lambda: defaultdict(list))
    for file in files:
        stem, copy = _read(file.name)
        parts[_folder(file.name), stem][copy].append(file)
    top = any(not folder for folder, _ in parts)
    return {
        (folder, stem): copies
        for (folder, stem), copies in parts.items()
        if not (top and _COPIES_OF_ALL.match(f"{folder}/"))
        and not ((folder, _MODEL) in parts and _CONSOLIDATED.fullmatch(stem))
    }


def _read(name: str) -> tuple[str, _Copy]:
    """A file's stem without what tells copies apart, and what tells it apart."""
    base = name.rpartition("/")[2]
    stem, _, ending = base.rpartition(".")
    shard, variant = _SHARD.search(stem), _VARIANT.search(stem)
    stem = _VARIANT.sub("", _SHARD.sub("", stem))
    copy = _Copy(
        variant=variant[1].lower() if variant else "",
        format_rank=_FORMATS.index(ending.lower()),
        n_shards=int(shard[1]) if shard else 0,
    )
    return stem.replace(_PICKLED_MODEL, _MODEL), copy


def _best(copies: dict[_Copy, list[File]]) -> list[File]:
    """The plain copy before those in a named precision, of which the largest is taken."""
    plain = {copy: files for copy, files in copies.items() if not copy.variant}
    if plain:
        return plain[min(plain)]
    largest = max(copies, key=lambda copy: (_bytes(copies[copy]), -copy.format_rank))
    return copies[largest]


def _ggufs(files: list[File], stems: set[str], warnings: list[str]) -> list[list[File]]:
    """One quantisation of each model that is not there as another format (`stems`), with all its shards.

    One projector for pictures comes with them, if there is any.
    """
    models = defaultdict[str, dict[str, list[File]]](lambda: defaultdict(list))
    projectors = []
    for file in files:
        base = _SHARD.sub("", file.name.rpartition("/")[2])[: -len(".gguf")]
        if "mmproj" in base.lower():
            projectors.append(file)
        elif "imatrix" not in base.lower():
            whole = f"{_folder(file.name)}/{base}".lstrip("/")
            models[_QUANT.sub("", base)][whole].append(file)
    only_here = [quants for base, quants in models.items() if base not in stems]
    taken = [_usual_quant(quants, warnings) for quants in only_here]
    if projectors:
        halves = [file for file in projectors if re.search(r"\bf16|[-_]f16", file.name, re.I)]
        taken.append((halves or projectors)[:1])
    return taken


def _usual_quant(quants: dict[str, list[File]], warnings: list[str]) -> list[File]:
    usual = [name for quant in _USUAL_QUANTS for name in sorted(quants) if quant in name.lower()]
    name = usual[0] if usual else min(quants)
    if len(quants) > 1:
        warnings.append(
            f"Of {len(quants)} GGUF files only {name}.gguf is counted ({human(_bytes(quants[name]))}); "
            "name another with :*Q8_0*."
        )
    return quants[name]


def _bytes(files: list[File]) -> int:
    return sum(file.n_bytes or 0 for file in files)


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name.lower(), pattern) for pattern in patterns)


def _folder(name: str) -> str:
    return name.rpartition("/")[0]
