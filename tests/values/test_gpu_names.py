"""One place decides what the name of a GPU means: any spelling, families told, never a silent part of one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunter.facts.shipped import shipped
from hunter.values.errors import UsageError, WorkloadError
from hunter.values.gpu_names import MOST_NEAR, GpuNames, key, named
from hunter.values.workload import GpuNeed, Run, Workload

NAMES = shipped().gpu_names
H100 = ("H100 NVL", "H100 PCIe", "H100 SXM")
A100 = ("A100 PCIe 40GB", "A100 PCIe 80GB", "A100 SXM 40GB", "A100 SXM 80GB")


@pytest.mark.parametrize(
    ("typed", "ours"),
    [
        ("rtx4090", "RTX 4090"), ("RTX_4090", "RTX 4090"), ("4090", "RTX 4090"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090"), ("RTX 4090 24GB", "RTX 4090"),
        ("4090 48gb", "RTX 4090 48GB"), ("4090d", "RTX 4090 D"), ("h100 sxm", "H100 SXM"),
        ("H100_NVL", "H100 NVL"), ("h100pcie", "H100 PCIe"), ("H100 SXM5 80GB", "H100 SXM"),
        ("NVIDIA H100 80GB HBM3", "H100 SXM"), ("NVIDIA A100-SXM4-80GB", "A100 SXM 80GB"),
        ("A100-PCIE-40GB", "A100 PCIe 40GB"), ("h 100 nvl", "H100 NVL"),
        ("Tesla V100-SXM2-32GB", "Tesla V100 32GB"), ("T4", "Tesla T4"), ("a6000", "RTX A6000"),
        ("RTX 6000Ada", "RTX 6000 Ada"), ("RTX 6000 Ada Generation", "RTX 6000 Ada"),
        ("Q RTX 8000", "Quadro RTX 8000"), ("4070s ti", "RTX 4070 Ti Super"),
        ("RTX4070TiSuper", "RTX 4070 Ti Super"), ("NVIDIA GeForce RTX 3080TI", "RTX 3080 Ti"),
        ("rtx 3060 laptop gpu", "RTX 3060 Laptop"), ("h200 sxm", "H200"), ("B200-SXM", "B200"),
        ("InstinctMI250X", "MI250X"), ("AMD Radeon RX 7900 XTX", "RX 7900 XTX"),
        ("AMD Instinct MI300X OAM", "MI300X"), ("w7900", "Radeon Pro W7900"),
        ("RTX PRO 6000 Blackwell Server Edition", "RTX PRO 6000 S"), ("titan rtx", "Titan RTX"),
    ],
)  # fmt: skip
def test_any_spelling_of_one_model_is_that_model(typed: str, ours: str) -> None:
    match = NAMES.find(typed)
    assert match.names == (ours,)
    assert not match.family
    assert NAMES.one(typed) == ours


@pytest.mark.parametrize("ours", shipped().gpus)
def test_a_name_of_ours_means_that_model_and_no_other(ours: str) -> None:
    for typed in (ours, ours.upper(), ours.casefold(), key(ours), ours.replace(" ", "_")):
        assert NAMES.find(typed).names == (ours,)


@pytest.mark.parametrize(
    ("typed", "ours"),
    [
        ("H100", H100), ("h100", H100), ("NVIDIA H100", H100), ("H 100", H100),
        ("h100 80GB", ("H100 PCIe", "H100 SXM")), ("A100", A100), ("nvidia a100", A100),
        ("a100 sxm4", ("A100 SXM 40GB", "A100 SXM 80GB")),
        ("A100 80 GB", ("A100 PCIe 80GB", "A100 SXM 80GB")),
        ("V100", ("Tesla V100 16GB", "Tesla V100 32GB")),
        ("RTX 6000", ("Quadro RTX 6000", "RTX 6000 Ada")),
        ("titan x", ("GTX Titan X", "Titan X Pascal")),
        ("rtx pro 6000", ("RTX PRO 6000 MIG 24GB", "RTX PRO 6000 MIG 48GB", "RTX PRO 6000 Max-Q",
                          "RTX PRO 6000 S", "RTX PRO 6000 WS")),
    ],
)  # fmt: skip
def test_a_name_that_several_models_share_means_all_of_them_and_says_so(
    typed: str, ours: tuple[str, ...]
) -> None:
    match = NAMES.find(typed)
    assert match.names == ours
    assert match.family
    assert str(match) == f"{typed} is taken as {', '.join(ours[:-1])} and {ours[-1]}"
    with pytest.raises(UsageError, match="means several GPUs") as caught:
        NAMES.one(typed)
    assert all(name in caught.value.remedy for name in ours)


@pytest.mark.parametrize(
    ("typed", "near", "never"),
    [
        ("RTX 4091", "RTX 4090", "RTX 3090"), ("h101", "H100 SXM", "MI100"), ("h106", "H100", "P106"),
        ("gtx 4090", "RTX 4090", "GTX 1080"), ("MI300", "MI300X", "H100"), ("MIG", "MIG 24GB", "MI50"),
        ("Tesla A100", "A100 PCIe 40GB", "Tesla"), ("a100 nvl", "A100", "H100 NVL"),
        ("rtx 4090 ti", "RTX 4090", "RTX 3090 Ti"), ("h100 sxm 94gb", "H100", "A100"),
        ("tesla", "Tesla", "RTX"), ("RTX 4900", "RTX 4090", "RTX 3090"),
    ],
)  # fmt: skip
def test_near_names_have_the_letters_and_nearly_the_number_of_what_was_typed(
    typed: str, near: str, never: str
) -> None:
    with pytest.raises(UsageError, match=f"No GPU is called '{typed}'") as caught:
        NAMES.find(typed)
    assert near in caught.value.remedy
    assert never not in caught.value.remedy


@pytest.mark.parametrize("typed", ["", " ", "xyz", "nvidia", "_", "foo 9", "x" * 5000, "4" * 5000])
def test_a_name_like_no_other_is_refused_with_where_to_look(typed: str) -> None:
    with pytest.raises(UsageError) as caught:
        NAMES.find(typed)
    assert "hunter deals" in caught.value.remedy
    assert len(str(caught.value)) < 200


@given(st.text(max_size=40))
def test_any_text_is_a_name_or_is_refused(text: str) -> None:
    try:
        found = NAMES.find(text).names
    except UsageError:
        assert len(NAMES.near(text)) <= MOST_NEAR
    else:
        assert found
        assert set(found) <= NAMES.models.keys()


def test_models_on_sale_that_no_table_has_are_known_by_their_own_names() -> None:
    more = NAMES.also(["Riddle 9000", "RTX 4090"])
    assert more.find("riddle9000").names == ("Riddle 9000",)
    assert NAMES.also(["RTX 4090"]) is NAMES
    assert GpuNames({"A": None}, [("nvidia b", "B")]).models == {"A": None}


def job(**run: object) -> Workload:
    return Workload(
        name="a",
        image="b",
        gpu=GpuNeed(models=("h100", "H100_SXM", "rtx4090")),
        run=Run(**run),  # type: ignore[arg-type]
    )


def test_every_name_in_a_workload_becomes_ours_and_families_are_kept_to_be_said() -> None:
    measured = {"H100 SXM": 2.0, "h100": 1.5, "3090": 0.5}
    done = named(job(reference_gpu="RTX_4090", speed=measured), NAMES, "job.toml")
    assert done.gpu.models == (*H100, "RTX 4090")
    assert done.run.reference_gpu == "RTX 4090"
    assert done.run.speed == {"H100 NVL": 1.5, "H100 PCIe": 1.5, "H100 SXM": 2.0, "RTX 3090": 0.5}
    assert done.families == {"h100": H100}
    assert done.gpus_named <= NAMES.models.keys()


@pytest.mark.parametrize(
    ("run", "says"),
    [
        ({"reference_gpu": "RTX 4091"}, "job.toml, run.reference_gpu: no GPU is called 'RTX 4091'"),
        ({"reference_gpu": "H100"}, "job.toml, run.reference_gpu: 'H100' means several GPUs"),
        ({"speed": {"A100": 1.0, "B1": 2.0}}, "job.toml, run.speed: no GPU is called 'B1'"),
        (
            {"speed": {"h100 sxm": 1.0, "H100_SXM": 2.0}},
            "job.toml, run.speed: H100 SXM is given twice",
        ),
    ],
)
def test_a_name_that_will_not_do_is_refused_with_its_place(
    run: dict[str, object], says: str
) -> None:
    with pytest.raises(WorkloadError, match=says) as caught:
        named(job(**run), NAMES, "job.toml")
    assert caught.value.remedy
