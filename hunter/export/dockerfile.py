"""The Dockerfile of a plan, its reasons as comments. Pure: text out of values.

Whatever comes from a workload or a hub is written as what it is to be there: words of a comment, an image's
name, one word of a shell. What cannot be written so is refused; none of it can begin a line.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from hunter.cost.shipping import parts
from hunter.values.errors import UsageError
from hunter.values.text import LONGEST_SENTENCE, cleaned, is_clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hunter.cost.shipping import Way
    from hunter.values.workload import Workload

HEAD = "# syntax=docker/dockerfile:1\n#\n"
"""The second line ends what Docker reads as orders to itself: no reason can be taken for one."""
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@\[\]-]*")
_SCHEME = re.compile(r"(?:docker|oci|oci\+http)://")
MARKS = """\
# The lines HUNTER_PHASE tell Hunter how long each phase took; print `load`, `warmup` and `ready` the same
# way from your program: echo "HUNTER_PHASE ready $(date +%s.%N | cut -c1-14)"
"""


def dockerfile(workload: Workload, way: Way, reasons: list[str], layer_bytes: float) -> str:
    """A Dockerfile that ships the workload's weights this way.

    Args:
        workload: names the runtime image and the weights.
        way: how the weights travel.
        reasons: sentences for the top of the file.
        layer_bytes: about how large a layer of weights may be.
    """
    fetches = workload.payload.fetches
    refs = [_one_word(fetch.ref) for fetch in fetches]
    split = {n: parts(fetch, layer_bytes) for n, fetch in enumerate(fetches)}
    text = [HEAD, *(f"# {cleaned(reason, LONGEST_SENTENCE)}\n" for reason in reasons), "\n"]
    baked = way in ("baked", "layers") and refs
    if baked:
        text.append(_models(refs, split if way == "layers" else {}))
    text.append(f"FROM {_image(workload.image)}\n")
    if way == "layers" and refs:
        text.append(
            "# Weights between runtime and code: a change of the code moves only the code again, for the\n"
            "# registry and for hosts that have the image. --link makes each layer independent of those\n"
            "# below it, so that a builder and a registry know it again.\n"
        )
        text += [
            f"COPY --link --from=models /parts/{n}/{k}/ /models/{n}/\n"
            for n, groups in split.items()
            for k in range(max(1, len(groups)))
        ]
    if way in ("fetch", "store"):
        text.append("RUN pip install --no-cache-dir 'huggingface_hub>=1' awscli\n")
    text.append("# Your program last: it changes most often.\nCOPY . /app\n")
    if way == "baked" and refs:
        text.append(
            "# One layer above the code: simple, but every change of the code moves it again.\n"
            "COPY --from=models /models /models\n"
        )
    text += [MARKS, _entrypoint(refs if way in ("fetch", "store") else []), ""]
    return "".join(text)


def _models(refs: list[str], split: Mapping[int, list[list[tuple[str, float]]]]) -> str:
    """A stage that only fetches: nothing of it but the weights reaches the image.

    `split` says which files become which layer; nothing is split where it is empty.
    """
    lines = [
        "FROM python:3.12-slim AS models\n",
        "RUN pip install --no-cache-dir 'huggingface_hub>=1' awscli\n",
    ]
    for number, ref in enumerate(refs):
        lines.append(
            f"RUN --mount=type=secret,id=hf_token,env=HF_TOKEN {_fetch(ref, f'/models/{number}')}\n"
        )
    for number, groups in split.items():
        if not groups:
            lines.append(f"RUN mkdir -p /parts/{number} && mv /models/{number} /parts/{number}/0\n")
        for k, group in enumerate(groups):
            names = " ".join(shlex.quote(_one_word(name)) for name, _ in group)
            there = f"/parts/{number}/{k}"
            lines.append(
                f"RUN mkdir -p {there} && cd /models/{number} && cp -l --parents {names} {there}\n"
            )
    return "".join(lines) + "\n"


def _fetch(ref: str, folder: str) -> str:
    """The command that fetches a reference into a folder."""
    place = shlex.quote(folder)
    if ref.startswith("hf:"):
        rest = ref.removeprefix("hf:")
        name, _, pattern = rest.partition(":")
        repository, _, revision = name.partition("@")
        words = ["hf", "download", shlex.quote(_one_word(repository))]
        words += ["--revision", shlex.quote(_one_word(revision))] if revision else []
        words += ["--include", shlex.quote(_one_word(pattern))] if pattern else []
        return " ".join([*words, "--local-dir", place])
    if ref.startswith("s3://"):
        return f"aws s3 cp --recursive {shlex.quote(ref)} {place}"
    if ref.startswith("civitai:"):
        version = ref.removeprefix("civitai:").rpartition("@")[2]
        address = f"https://civitai.com/api/download/models/{version}"
        return f"mkdir -p {place} && cd {place} && curl -fLOJ {shlex.quote(address)}"
    return f"mkdir -p {place} && cd {place} && curl -fLO {shlex.quote(ref)}"


def _image(name: str) -> str:
    """An image's name as Docker takes it; UsageError where it is none."""
    plain = _SCHEME.sub("", name.strip(), count=1)
    if not _IMAGE.fullmatch(plain):
        raise UsageError(
            f"{cleaned(name)!r} is no name of an image.",
            remedy="Correct image in the workload file.",
        )
    return plain


def _one_word(text: str) -> str:
    """A text that can be one word of a shell's command; UsageError where a quote does not make it one."""
    if not text or text.startswith("-") or not is_clean(text):
        raise UsageError(
            f"{cleaned(text)!r} cannot be written into a Dockerfile: it begins with a hyphen, or holds a "
            "line break or another sign that is not shown.",
            remedy="Rename it at its source, or correct the workload's weights.",
        )
    return text


def _entrypoint(refs: list[str]) -> str:
    fetching = [
        'echo "HUNTER_PHASE weights $(date +%s)"',
        *(_fetch(ref, f"/models/{number}") for number, ref in enumerate(refs)),
        'echo "HUNTER_PHASE load $(date +%s) $(du -sb /models | cut -f1)"',
    ]
    lines = ['echo "HUNTER_PHASE boot $(date +%s)"', *(fetching if refs else []), 'exec "$@"']
    script = "\n".join(["#!/bin/sh", "set -e", *lines])
    return (
        f"COPY --chmod=755 <<'END' /usr/local/bin/hunter-start\n{script}\nEND\n"
        'ENTRYPOINT ["hunter-start"]\n'
    )
