"""Which images are pulled by which engine at which rate. Megabytes here are before packing."""

from __future__ import annotations

from dataclasses import dataclass

from bench.pulls.images import Layer, Recipe

FAST = 2000.0
"""Mbit/s at which this machine, not the link, is what a pull waits for."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One image, one engine, some rates in Mbit/s."""

    recipe: Recipe
    engine: str
    rates: tuple[float, ...]


def code(mb: float, files: int | None = None) -> Layer:
    """Programs, about 100 kB each."""
    return Layer("code", mb, files or max(1, round(mb * 10)))


def weights(mb: float, files: int = 2) -> Layer:
    """Bytes that nothing packs."""
    return Layer("weights", mb, files)


def _train(name: str, *layers: Layer, codec: str = "gzip") -> Recipe:
    return Recipe(name, layers, codec, training=True)


def calibration() -> list[Cell]:
    """What the machine is measured with. None of these images is predicted."""
    big = _train("cal-big", code(330, 2500))
    many = _train("cal-many", *[code(9, 60)] * 26)
    small = _train("cal-files", code(70, 14_000), code(45, 30))
    raw = _train("cal-raw", weights(130), weights(60, 4), weights(95, 1))
    mix = _train("cal-mix", code(75), weights(170), code(190))
    packed = _train("cal-zstd", code(280), code(60, 3000), codec="zstd")
    many_packed = _train("cal-zstd-many", *[code(17, 90)] * 14, codec="zstd")
    both = [
        Cell(recipe, engine, (200.0, FAST) if recipe is raw else (FAST,))
        for recipe in (big, many, small, raw, mix)
        for engine in ("docker", "containerd")
    ]
    return [*both, Cell(packed, "containerd", (FAST,)), Cell(many_packed, "containerd", (FAST,))]


def quick() -> list[Cell]:
    """Six combinations."""
    named = {cell.recipe.name + cell.engine: cell.recipe for cell in full()}
    return [
        Cell(named["even12docker"], "docker", (100.0, 800.0)),
        Cell(named["dominantdocker"], "docker", (400.0,)),
        Cell(named["rawdocker"], "docker", (FAST,)),
        Cell(named["dominantcontainerd"], "containerd", (400.0,)),
        Cell(named["z-evencontainerd"], "containerd", (800.0,)),
    ]


def full() -> list[Cell]:
    """Every combination: 1 to 40 layers, 20 MB to 1.5 GB on the wire, 50 to 2000 Mbit/s."""
    even12 = Recipe("even12", (code(22),) * 12)
    even40 = Recipe("even40", (code(20),) * 40)
    dominant = Recipe("dominant", (code(25), code(40), code(340), code(30)))
    tail = Recipe("weights-last", (code(70), code(110), code(30), weights(400, 3)))
    falling = Recipe("falling20", tuple(code(round(400 * 0.72**i, 1) + 4) for i in range(20)))
    large = Recipe("large", (*(code(115),) * 8, *(weights(350),) * 3))
    z_dominant = Recipe("z-dominant", (code(30), code(380), code(20)), "zstd")
    z_weights = Recipe("z-weights", (*(code(45),) * 4, weights(250)), "zstd")
    return [
        Cell(Recipe("one20", (code(52),)), "docker", (50.0, 400.0)),
        Cell(even12, "docker", (100.0, 200.0, 800.0)),
        Cell(dominant, "docker", (100.0, 400.0, 1600.0)),
        Cell(even40, "docker", (800.0, FAST)),
        Cell(tail, "docker", (400.0, 1600.0)),
        Cell(Recipe("weights-first", (weights(300), *(code(80),) * 3)), "docker", (400.0,)),
        Cell(falling, "docker", (400.0, FAST)),
        Cell(Recipe("files", (code(133, 20_000), code(118, 10))), "docker", (100.0, 800.0)),
        Cell(large, "docker", (800.0, FAST)),
        Cell(Recipe("bf16", (code(200), *(Layer("bf16", 160, 1),) * 2)), "docker", (1600.0,)),
        Cell(Recipe("raw", (weights(80),) * 4), "docker", (800.0, FAST)),
        Cell(even12, "containerd", (200.0, 1600.0)),
        Cell(even40, "containerd", (800.0,)),
        Cell(dominant, "containerd", (400.0,)),
        Cell(falling, "containerd", (FAST,)),
        Cell(Recipe("z-even", (code(25),) * 10, "zstd"), "containerd", (100.0, 800.0)),
        Cell(z_dominant, "containerd", (200.0, FAST)),
        Cell(z_weights, "containerd", (1600.0,)),
    ]
