"""What a create of RunPod's second REST interface asks for, its template's part included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from hunter.sandbox.runpod.bodies import CreatePod, Gpus, Problem, invalid
from hunter.sandbox.runpod.renting import Wish
from hunter.sandbox.runpod.stock import Needs

if TYPE_CHECKING:
    from collections.abc import Sequence

DISK_GB = 50
"""Of a container, where a create says nothing."""


def check(body: CreatePod) -> Gpus:
    """The GPUs that are asked for; Problem where parts of the body contradict each other."""
    if (body.gpu is None) == (body.cpu is None):
        raise Problem(400, "exactly one of gpu or cpu must be set")
    if body.gpu is None:
        raise Problem(400, "CPU pods are not part of the sandbox")
    if body.image is None and body.templateId is None:
        raise invalid("$: missing properties 'image'")
    if body.gpu.allowedCudaVersions and body.gpu.minCudaVersion:
        raise Problem(400, "allowedCudaVersions and minCudaVersion are mutually exclusive")
    if body.mounts and body.mounts.persistent and body.mounts.network:
        raise Problem(400, "mounts.persistent and mounts.network are mutually exclusive")
    return body.gpu


def wish_of(body: CreatePod, base: dict[str, Any], ssh_keys: Sequence[str], registry: str) -> Wish:
    """The wish of a body on top of its template.

    Args:
        body: what was sent.
        base: the template as it is kept, or nothing.
        ssh_keys: the account's public keys.
        registry: the login that the image is fetched with, or nothing.
    """
    gpu = check(body)
    volume_gb, path, network = _mounts(body, base)
    return Wish(
        gpu_ids=(gpu.id,),
        count=gpu.count,
        clouds=(body.cloud,),
        center=",".join(body.dataCenterIds) or None,
        image=body.image or str(base.get("imageName") or ""),
        name=body.name,
        disk_gb=float(body.disk or base.get("containerDiskInGb") or DISK_GB),
        volume_gb=volume_gb,
        mount_path=path,
        network_volume=network,
        env=_env(body, base, ssh_keys),
        ports=base.get("ports") or "" if body.ports is None else ",".join(body.ports),
        args=str(base.get("dockerArgs") or "") if body.args is None else body.args,
        entrypoint=tuple(body.entrypoint or ()),
        cmd=tuple(body.cmd or ()),
        template=body.templateId,
        registry=registry,
        needs=_needs(gpu, base),
    )


def _mounts(body: CreatePod, base: dict[str, Any]) -> tuple[float, str, str]:
    """GB of the pod's own volume, where storage is mounted, and the network volume."""
    persistent = body.mounts.persistent if body.mounts else msgspec.UNSET
    network = (body.mounts.network if body.mounts else msgspec.UNSET) or ()
    if persistent:
        return float(persistent.size), persistent.path, ""
    if network:
        return 0.0, network[0].path, network[0].volumeId
    size = float(base.get("volumeInGb") or 0)
    return size, str(base.get("volumeMountPath") or "/workspace") if size else "", ""


def _env(body: CreatePod, base: dict[str, Any], ssh_keys: Sequence[str]) -> dict[str, str]:
    env = {pair["key"]: pair["value"] for pair in base.get("env") or ()} | body.env
    if (body.startSsh or base.get("startSsh")) and ssh_keys:
        env.setdefault("PUBLIC_KEY", "\n".join(ssh_keys))
    return env


def _needs(gpu: Gpus, base: dict[str, Any]) -> Needs:
    return Needs(
        vcpus=gpu.minVcpuCountPerGpu and gpu.minVcpuCountPerGpu * gpu.count,
        memory_gb=gpu.minRamPerGpu and gpu.minRamPerGpu * gpu.count,
        cuda_any_of=tuple(gpu.allowedCudaVersions or base.get("allowedCudaVersions") or ()),
        cuda_at_least=gpu.minCudaVersion,
    )
