"""What a user may choose among in a ranking. Loads nothing, so that --help can name it."""

from __future__ import annotations

SORTS = (
    "run_usd",
    "run_high_usd",
    "useful_hour_usd",
    "all_in_usd_h",
    "price_usd_h",
    "cold_start_s",
)
"""What deals can be ranked by."""

FLAGS = {
    "slice": "part of a GPU: less memory than its model has, or sold as MIG",
    "pcie-x1": "a link to the GPU as narrow as one PCIe lane: loading the model takes long",
    "unverified": "the market has not verified this host",
    "old-driver": "its CUDA version is not stated, and the image needs one",
    "shunned": "a start on this machine failed lately: it is left alone for a while",
    "unscaled": "how fast this GPU is, is not known: the hours are taken as they are",
}
"""What to look at twice about an offer: each flag, and what it says."""
