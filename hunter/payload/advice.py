"""What an image costs that it need not: warnings that save money. No network here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hunter.payload.sizes import Piece
from hunter.payload.unpacked import is_foreign
from hunter.values.references import packing
from hunter.values.words import human

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hunter.values.coldstart_facts import ColdStartFacts

_WEIGHTS = re.compile(
    r"safetensors|\.gguf|\.ckpt|\.pth?\b|huggingface|\bhf download|hf_hub|snapshot_download|civitai"
    r"|/(models?|checkpoints|weights|loras?)(/|\s|\"|$)|from_pretrained|ollama pull",
    re.I,
)
_INSTALLS = re.compile(
    r"\b(pip3?|uv|poetry|conda|mamba|apt(-get)?|npm) +(\S+ +)?(install|sync|add|ci)\b"
)
_COPIES = re.compile(r"\b(COPY|ADD)\b")
_COPIES_ALL = re.compile(r"\b(COPY|ADD)\b +(--\S+ +)*(\.|dir:\S+ +in) +/?\S*")


def is_weights(layer: Piece) -> bool:
    """Whether the instruction behind a layer, or how it packs, says that it is a model's weights."""
    if layer.made_by and _INSTALLS.search(layer.made_by):
        return False
    return bool(layer.made_by and _WEIGHTS.search(layer.made_by))


def warnings(layers: Sequence[Piece], registry: str, facts: ColdStartFacts) -> list[str]:
    """Every warning for an image's layers, the base first."""
    return [
        *_too_large(layers, registry, facts),
        *_giant(layers, facts),
        *_weights_on_code(layers, facts),
        *_packing(layers),
    ]


def _too_large(layers: Sequence[Piece], registry: str, facts: ColdStartFacts) -> list[str]:
    known = facts.registry.get(registry)
    limit = None if known is None else known.layer_limit_bytes.expected
    large = [layer for layer in layers if limit and layer.compressed_bytes > limit]
    return [
        f"{_name(layer)} is {human(layer.compressed_bytes)}; {registry} takes layers of up to "
        f"{human(limit or 0)}. Split it."
        for layer in large
    ]


def _giant(layers: Sequence[Piece], facts: ColdStartFacts) -> list[str]:
    total = sum(layer.compressed_bytes for layer in layers)
    largest = max(layers, key=lambda layer: layer.compressed_bytes, default=None)
    if largest is None or largest.compressed_bytes < facts.advice.giant_layer_bytes.expected:
        return []
    share = largest.compressed_bytes / total
    if share < facts.advice.giant_layer_share.expected:
        return []
    return [
        f"{_name(largest)} holds {share:.0%} of all bytes ({human(largest.compressed_bytes)}): it "
        "downloads over one connection and unpacks only when it is complete. Split it into several."
    ]


def _weights_on_code(layers: Sequence[Piece], facts: ColdStartFacts) -> list[str]:
    """Weights that are pushed and pulled again whenever the code changes."""
    found, code_below = [], False
    for layer in layers:
        made_by = layer.made_by or ""
        large = layer.compressed_bytes >= facts.advice.weights_layer_bytes.expected
        mixed = bool(_INSTALLS.search(made_by) and _WEIGHTS.search(made_by))
        if large and mixed:
            found.append(
                f"{_name(layer)} ({human(layer.compressed_bytes)}) installs packages and fetches "
                "weights at once: every change of a package moves the weights again. Part them."
            )
        elif large and _COPIES_ALL.search(made_by):
            found.append(
                f"{_name(layer)} ({human(layer.compressed_bytes)}) copies a whole folder that is too "
                "large to be code alone: weights in it move again with every change of the code. "
                "Copy them in a layer of their own."
            )
        elif large and code_below and is_weights(layer):
            found.append(
                f"{_name(layer)} ({human(layer.compressed_bytes)}) lays weights above code: hosts whose "
                "docker keeps images the classic way fetch them again with every change of the code. "
                "Put the weights below it."
            )
        code_below = code_below or (
            bool(_COPIES.search(made_by) or _INSTALLS.search(made_by)) and not is_weights(layer)
        )
    return found


def _packing(layers: Sequence[Piece]) -> list[str]:
    found = []
    if any(packing(layer.media_type) == "zstd" for layer in layers):
        found.append(
            "Layers are packed with zstd: hosts with a docker before 23 cannot unpack them. "
            "Push them with gzip unless you choose the host."
        )
    foreign = sum(1 for layer in layers if is_foreign(layer.media_type))
    if foreign:
        found.append(
            f"{foreign} layer{'s' if foreign > 1 else ''} may not lie in the registry and come from "
            "other servers: how fast those are nobody says."
        )
    return found


def _name(layer: Piece) -> str:
    short = (layer.digest or "").partition(":")[2][:12]
    return f"Layer {short}"
