"""The campaign: `python -m bench.fuzz --inputs 1000000 --seed 1 --only "vast offers"`; ends with 1 where a parser fails."""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import sys
import time

from bench.fuzz.campaign import Outcome, made
from bench.fuzz.every import PARSERS, batch, named

INPUTS = 1_000_000
BATCH = 4_000
"""Inputs of one task: large enough for memory to show, small enough for all cores to be done at once."""
DECODED = 0.7
"""The least share of the documents that has to decode: what does not tests one reader of JSON and no more."""


def main(words: list[str]) -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=INPUTS, help="all together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="parsers whose names hold this")
    parser.add_argument(
        "--input", type=int, help="show one input of a parser, and what becomes of it"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    said = parser.parse_args(words)
    wanted = [one for one in PARSERS if said.only.lower() in one.name.lower()]
    if not wanted:
        print(f"No parser's name holds {said.only!r}: {', '.join(one.name for one in PARSERS)}.")
        return 2
    if said.input is not None:
        return show(wanted[0].name, said.seed, said.input)
    begun = time.monotonic()
    found = campaign(
        {one.name: one.weight for one in wanted}, said.inputs, said.seed, said.processes
    )
    return told(found, said.seed, time.monotonic() - begun)


def campaign(weights: dict[str, float], inputs: int, seed: int, processes: int) -> list[Outcome]:
    """Every parser's share of the inputs, over several processes."""
    whole = sum(weights.values())
    tasks = []
    for name, weight in weights.items():
        share = math.ceil(inputs * weight / whole)
        tasks += [
            (name, seed, first, min(BATCH, share - first)) for first in range(0, share, BATCH)
        ]
    tasks.sort(key=lambda task: weights[task[0]])  # the slow ones first
    found: dict[str, Outcome] = {}
    fresh = multiprocessing.get_context("spawn")
    with fresh.Pool(processes, maxtasksperchild=12) as pool:
        for number, part in enumerate(pool.imap_unordered(batch, tasks), 1):
            if part.name in found:
                found[part.name].add(part)
            else:
                found[part.name] = part
            if sys.stderr.isatty():
                print(f"\r{number}/{len(tasks)} {part.name:40}", end="", file=sys.stderr)
    return [found[name] for name in weights]


def show(name: str, seed: int, number: int) -> int:
    """One input, and what becomes of it, with everything that is raised."""
    parser = named(name)
    given = made(parser, seed, number)
    print(given)
    with parser.opened() as read:
        print(read(given))
    return 0


def told(found: list[Outcome], seed: int, seconds: float) -> int:
    """The table; the exit code."""
    head = f"{'parser':32} {'form':6} {'inputs':>8} {'accepted':>8} {'rejected':>8} {'undecod.':>8} {'slowest ms':>10} {'grew MB':>8}"
    print(f"seed {seed}, {seconds:.0f} s\n{head}")
    for one in found:
        print(
            f"{one.name:32} {one.form:6} {one.inputs:8,} {one.accepted:8,} {one.rejected:8,} {one.undecodable:8,} "
            f"{one.slowest_s * 1000:10.1f} {one.growth_mb:8.1f}{'' if one.good else '  FAILS'}"
        )
    documents = [one for one in found if one.is_document]
    for what, part in (("all", found), ("documents", documents)):
        inputs = sum(one.inputs for one in part)
        shares = (
            sum(getattr(one, kind) for one in part)
            for kind in ("accepted", "rejected", "undecodable")
        )
        print(f"{what}: {inputs:,} inputs, " + ", ".join(
            f"{share / (inputs or 1):.1%} {kind}" for share, kind in zip(shares, ("accepted", "rejected", "undecodable"), strict=True)
        ))  # fmt: skip
    for one in found:
        for fault in one.faults:
            print(f"FAULT {one.name} ({one.n_faults}): {fault}")
        if one.leaks:
            print(
                f"FAULT {one.name}: memory grows, {one.growth_mb:.0f} MB and {one.blocks:.1f} blocks an input"
            )
        if one.slowest_s > 1.0:
            print(f"FAULT {one.name}: {one.slowest_s:.1f} s for one input: {one.slowest}")
    decoded = 1 - sum(one.undecodable for one in documents) / (
        sum(one.inputs for one in documents) or 1
    )
    if documents and decoded < DECODED:
        print(f"FAULT: only {decoded:.0%} of the documents decode")
    return 0 if all(one.good for one in found) and (not documents or decoded >= DECODED) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
