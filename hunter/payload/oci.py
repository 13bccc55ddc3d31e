"""The size of a container image in any registry: index → linux/amd64 → manifest → layers."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from hunter.payload import advice, manifests, platforms
from hunter.payload.bodies import LARGEST_BYTES, total_of_range
from hunter.payload.sizes import PayloadSize, Piece
from hunter.payload.unpacked import estimate, from_bytes, wanted_range
from hunter.values.errors import PayloadError, PayloadUnreachable
from hunter.values.references import packing

if TYPE_CHECKING:
    from hunter.payload.manifests import Descriptor, ImageConfig, Manifest
    from hunter.payload.registry import Registry
    from hunter.payload.sizes import Cache
    from hunter.values.coldstart_facts import ColdStartFacts

AT_ONCE = 8
"""Layers that are asked about at the same time."""
DEEPEST = 3
"""Indexes within indexes."""


class ImageSizer:
    """Learns the size of one image.

    Args:
        registry: the image's repository.
        cache: what was learnt before: manifests, configs and unpacked sizes by digest.
        facts: what layers usually unpack to, and from when on one is worth a warning.
    """

    def __init__(self, registry: Registry, cache: Cache, facts: ColdStartFacts) -> None:
        self.registry, self.cache = registry, cache
        self.facts = facts
        self.what = str(registry.image)
        self._ranges = True
        self._doubts: list[str] = []

    async def learn(self, ref: str) -> PayloadSize:
        """The size of the image; PayloadError says why it cannot be learnt."""
        digest, manifest = await self._manifest()
        config = await self._config(manifest)
        if config is not None:
            if not platforms.is_ours(config.platform):
                named = str(platforms.of_image(config.platform))[: platforms.LONGEST_NAME]
                raise platforms.not_for_us(self.what, [named])
            if not (config.os and config.architecture):
                self._doubts.append(
                    "It does not say for which machines it is; engines take it for their own kind."
                )
        else:
            self._doubts.append("It is no container image: what it runs on and needs is unknown.")
        layers = await self._layers(manifest, config)
        registry = self.registry.image.registry
        known = [layer.unpacked_bytes for layer in layers if layer.unpacked_bytes is not None]
        return PayloadSize(
            ref=ref,
            kind="image",
            digest=digest,
            compressed_bytes=sum(layer.compressed_bytes for layer in layers),
            unpacked_bytes=sum(known) if len(known) == len(layers) else None,
            unpacked_is_estimate=any(layer.unpacked_is_estimate for layer in layers),
            layers=tuple(layers),
            platform=str(platforms.of_image(config.platform)) if config else None,
            cuda=manifests.cuda_needed(config) if config else None,
            warnings=(*self._doubts, *advice.warnings(layers, registry, self.facts)),
        )

    async def _manifest(self) -> tuple[str, Manifest]:
        """The manifest that GPU machines run, and its digest."""
        reference = self.registry.image.reference
        for _ in range(DEEPEST):
            digest, body = await self._document(reference)
            parsed = manifests.parse_manifest(body, self.what)
            if isinstance(parsed, manifests.Manifest):
                return digest, parsed
            reference = platforms.for_this_platform(parsed, self.what).digest
        raise PayloadError(
            f"{self.what} is an index of indexes without end.", remedy="Push the image again."
        )

    async def _document(self, reference: str) -> tuple[str, bytes]:
        """The manifest under a tag or digest. One that is known costs Docker Hub users no pull."""
        digest = (
            reference if manifests.DIGEST.fullmatch(reference) else await self._known(reference)
        )
        if digest and (kept := self.cache.get(f"blob/{digest}")):
            return digest, kept[0]
        reply = await self.registry.manifest(reference)
        stated = digest if digest == reference else reply.headers.get("docker-content-digest", "")
        if manifests.DIGEST.fullmatch(stated or ""):
            manifests.verify(reply.body, stated, self.what)
        else:
            stated = "sha256:" + hashlib.sha256(reply.body).hexdigest()
        self.cache.put(f"blob/{stated}", reply.body)
        if stated != reference:
            self.cache.put(f"tag/{self.what}", stated.encode())
        return stated, reply.body

    async def _known(self, tag: str) -> str | None:
        """The digest that a known tag has now: asked with HEAD, which is no pull; None for others."""
        before = self.cache.get(f"tag/{self.what}")
        if before is None:
            return None
        try:
            reply = await self.registry.manifest(tag, method="HEAD")
        except PayloadUnreachable:
            return None  # GET says better why
        digest = reply.headers.get("docker-content-digest", "")
        return digest if manifests.DIGEST.fullmatch(digest) else None

    async def _config(self, manifest: Manifest) -> ImageConfig | None:
        """What the image says about itself; None for things that are no image."""
        described = manifest.config
        if described.media_type not in manifests.CONFIG_TYPES:
            return None
        if kept := self.cache.get(f"blob/{described.digest}"):
            body = kept[0]
        else:
            body = (await self.registry.blob(described.digest)).body
            manifests.verify(body, described.digest, self.what)
            self.cache.put(f"blob/{described.digest}", body)
        return manifests.parse(body, manifests.ImageConfig, self.what)

    async def _layers(self, manifest: Manifest, config: ImageConfig | None) -> list[Piece]:
        """Each layer once, the base first."""
        layers = manifest.layers or []
        n_layers = len(layers)
        made_by = manifests.made_by(config, n_layers) if config else [None] * n_layers
        unique = dict[str, tuple["Descriptor", str | None]]()
        for layer, instruction in zip(layers, made_by, strict=True):
            unique.setdefault(layer.digest, (layer, instruction))
        gate = asyncio.Semaphore(AT_ONCE)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._layer(layer, instruction, gate))
                    for layer, instruction in unique.values()
                ]
        except ExceptionGroup as several:
            raise several.exceptions[0] from several
        return [task.result() for task in tasks]

    async def _layer(
        self, described: Descriptor, made_by: str | None, gate: asyncio.Semaphore
    ) -> Piece:
        layer = Piece(
            digest=described.digest,
            compressed_bytes=described.size,
            media_type=described.packed_as,
            made_by=made_by,
        )
        if packing(described.packed_as) == "plain":
            told: tuple[int, bool] | None = (described.size, True)
        else:
            async with gate:
                told = await self._unpacked(described)
        if told is None:
            told = (estimate(described, self.facts.unpack, weights=advice.is_weights(layer)), False)
        return replace(layer, unpacked_bytes=told[0], unpacked_is_estimate=not told[1])

    async def _unpacked(self, layer: Descriptor) -> tuple[int, bool] | None:
        """The unpacked size as a few bytes of the layer tell it, and whether it is certain."""
        if kept := self.cache.get(f"unpacked/{layer.digest}"):
            with suppress(ValueError, RecursionError):
                size, certain = msgspec.json.decode(kept[0], type=tuple[int, bool])
                if 0 <= size <= LARGEST_BYTES:
                    return size, certain
        span = wanted_range(layer)
        if span is None or not self._ranges:
            return None
        try:
            reply = await self.registry.part(layer.digest, *span)
        except PayloadUnreachable:
            self._ranges = False  # nor is one that is too slow for this asked again and again
            return None
        total = total_of_range(reply.headers)
        if reply.status == 200:
            self._ranges = False  # it ignores ranges: no use in asking about the other layers
        if reply.status != 206 or len(reply.body) != span[1] - span[0] + 1:
            return None
        if total is not None and total != layer.size:
            self._doubts.append(
                f"Layer {layer.digest[7:19]} is {total:,} bytes, and its manifest says "
                f"{layer.size:,}."
            )
            return None
        told = from_bytes(layer, reply.body, self.facts.unpack)
        if told is not None:
            self.cache.put(f"unpacked/{layer.digest}", msgspec.json.encode(told))
        return told
