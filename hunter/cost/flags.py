"""What should make a buyer look twice at an offer. Pure.

A flag excludes nothing by itself: `hunter deals --avoid FLAG` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hunter.estimate.gpu_speed import relative_speeds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hunter.estimate.assumptions import Grounds
    from hunter.values.columns import Offers
    from hunter.values.workload import Workload

FLAGS = {
    "slice": "part of a GPU: less memory than its model has, or sold as MIG",
    "pcie-x1": "a link to the GPU as narrow as one PCIe lane: loading the model takes long",
    "unverified": "the market has not verified this host",
    "old-driver": "its CUDA version is not stated, and the image needs one",
    "unscaled": "how fast this GPU is, is not known: the hours are taken as they are",
}
"""Each flag, and what it says."""


def flags(offers: Offers, workload: Workload, grounds: Grounds) -> dict[str, NDArray[np.bool_]]:
    """Which offers carry each flag. What an offer does not state raises no flag, but for its CUDA version.

    Args:
        offers: n offers.
        workload: may need a CUDA version, and may be scaled to a GPU.
        grounds: the GPUs' memory and speeds, and where a link counts as narrow.
    """
    limits = grounds.risks
    whole = {name: gpu.vram_gb for name, gpu in grounds.gpus.items() if gpu.vram_gb is not None}
    mig = [value for value in offers.market_gpu.values if value and "MIG" in value.upper()]
    part = offers.vram_gb < limits.slice_below * offers.gpu.lookup(whole)
    needs_cuda = workload.gpu.cuda is not None
    return {
        "slice": part | offers.market_gpu.is_in(mig),
        "pcie-x1": offers.pcie_gb_s < limits.narrow_pcie_gb_s,
        "unverified": offers.verified == 0,
        "old-driver": np.isnan(offers.cuda) & needs_cuda,
        "unscaled": np.isnan(relative_speeds(offers.gpu, workload.run, grounds.gpus)),
    }
