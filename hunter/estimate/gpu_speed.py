"""How much longer a run takes on one GPU than on another: the workload's hours, scaled.

The workload says what bounds it: arithmetic (dense FP16 TFLOPS) or memory bandwidth, as roofline models
part programs (Williams et al. 2009). Speeds that the user measured override both. A GPU whose figure is
not known is priced with the hours as they stand, and marked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hunter.values.columns import Text
    from hunter.values.gpus import GpuSpeed
    from hunter.values.units import Floats
    from hunter.values.workload import Run

FIGURES = {"compute": "fp16_tflops", "memory": "mem_bw_gb_s"}
"""What is compared, by what bounds the workload."""


def relative_speeds(gpus: Text, run: Run, known: Mapping[str, GpuSpeed]) -> Floats:
    """How many times as fast as the reference each GPU is; NaN where that is not known.

    Args:
        gpus: our names, a row an offer. Offers of one ranking have the same number of GPUs.
        run: names the reference, what bounds it, and measured speeds.
        known: the GPUs' figures by our names.
    """
    if run.reference_gpu is None:
        return np.ones(len(gpus))
    figure = FIGURES[run.bound]
    of_reference = getattr(known.get(run.reference_gpu), figure, None)
    table = {run.reference_gpu: 1.0}
    if of_reference:
        for name, speed in known.items():
            if (value := getattr(speed, figure)) is not None:
                table[name] = value / of_reference
    return gpus.lookup(table | dict(run.speed))


def run_hours(hours: float, speeds: Floats) -> Floats:
    """The hours of a run on each GPU; as they stand where the speed is unknown.

    >>> run_hours(2.0, np.array([1.0, 0.5, np.nan])).tolist()
    [2.0, 4.0, 2.0]
    """
    return hours / np.where(np.isnan(speeds), 1.0, speeds)
