"""SkyPilot's calls to both markets, unmodified but for the address, against the sandbox.

Only the modules that call the vendors are SkyPilot's own here. What surrounds them (logging, formats of errors)
pulls in forty packages, and is stood in for.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from hunter.sandbox.server import Options, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hunter.sandbox.market import SandboxMarket

pytestmark = [pytest.mark.contract, pytest.mark.filterwarnings("ignore")]
SPEC = importlib.util.find_spec("sky")
if SPEC is None or not SPEC.submodule_search_locations:
    pytest.skip("`make contract` installs skypilot", allow_module_level=True)
ROOT = Path(SPEC.submodule_search_locations[0])
PACKAGES = ("sky", "sky.adaptors", "sky.provision", "sky.provision.vast", "sky.provision.runpod",
            "sky.skylet", "sky.utils")  # fmt: skip


def _package(name: str) -> ModuleType:
    """A package whose modules are found and whose own code is not run."""
    module = ModuleType(name)
    module.__path__ = [str(ROOT.joinpath(*name.split(".")[1:]))]
    return module


def _module(name: str, **content: Any) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(content)
    return module


@pytest.fixture(scope="module")
def sky() -> Iterator[SimpleNamespace]:
    """The calls to both vendors, and the adaptors below them."""
    login = SimpleNamespace
    stands = [
        *map(_package, PACKAGES),
        _module("sky.sky_logging", init_logger=logging.getLogger),
        _module("sky.utils.common_utils", format_exception=str),
        _module("sky.skylet.constants", SKY_REMOTE_RAY_DASHBOARD_PORT=8266, SKY_REMOTE_RAY_PORT=6380),
        _module("sky.provision.docker_utils", DockerLoginConfig=login),
    ]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for module in stands:
            patch.setitem(sys.modules, module.__name__, module)
            parent, _, name = module.__name__.rpartition(".")
            if parent:
                setattr(sys.modules[parent], name, module)
        yield SimpleNamespace(
            vast=importlib.import_module("sky.provision.vast.utils"),
            runpod=importlib.import_module("sky.provision.runpod.utils"),
            vast_adaptor=importlib.import_module("sky.adaptors.vast"),
        )
        for name in [name for name in sys.modules if name.partition(".")[0] == "sky"]:
            del sys.modules[name]


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, SandboxMarket]]:
    with running(Options(offers=600, speed=1.0, seed=3, spot="historic")) as (url, market):
        market.facts["runpod"]["create_fails_share"] = 0.0
        yield url, market


@pytest.fixture
def vast(sky: SimpleNamespace, served: tuple[str, SandboxMarket]) -> Any:
    from vastai import VastAI

    sky.vast_adaptor._vast_sdk = VastAI(api_key="any", server_url=served[0])
    return sky.vast


@pytest.fixture
def runpod(
    sky: SimpleNamespace, served: tuple[str, SandboxMarket], monkeypatch: pytest.MonkeyPatch
) -> Any:
    import runpod

    monkeypatch.setenv("RUNPOD_API_BASE_URL", served[0])
    monkeypatch.setattr(runpod, "api_key", "any")
    return sky.runpod


def test_an_instance_of_vast_lives_as_skypilot_expects(vast: Any) -> None:
    number = vast.launch(
        name="c-head", instance_type="1x-RTX_4090-8-8192", region="US", disk_size=20,
        image_name="ubuntu", ports=None, preemptible=False, secure_only=False,
        ssh_public_key="ssh-ed25519 AAAA a",
    )  # fmt: skip
    row = vast.list_instances()[str(number)]
    assert (row["name"], row["is_bid"]) == ("c-head", False)
    assert row["status"] in ("UNKNOWN", "LOADING", "RUNNING")
    assert vast.get_ssh_ports("c") == [row["ssh_port"]]
    vast.stop(number)
    assert vast.list_instances()[str(number)]["status"] == "EXITED"
    vast.start(number)
    vast.remove(number)
    assert vast.list_instances() == {}


def test_a_bid_of_nothing_is_refused_and_leaves_nothing(vast: Any) -> None:
    """With vastai 1.9.1 below it SkyPilot 0.14 bids nothing: what it asks the SDK for sets floors to zero."""
    with pytest.raises(OSError, match="400 Client Error"):
        vast.launch(name="c-head", instance_type="1x-RTX_4090-8-8192", region="US", disk_size=20,
                    image_name="ubuntu", ports=None, preemptible=True, secure_only=False)  # fmt: skip
    assert vast.list_instances() == {}


def a_place(market: SandboxMarket, sky: Any) -> tuple[str, str, str]:
    """A model by SkyPilot's name, its country and data centre, in stock on the secure cloud."""
    from hunter.sandbox.runpod.stock import Stock

    stock = Stock(market)
    names = {identity: name for name, identity in sky.GPU_NAME_MAP.items()}
    for gpu in stock.gpus.values():
        found = stock.search(gpu, 1, ("SECURE",))
        if found and gpu["id"] in names and found.word == "High" and gpu["spot_share"][0]:
            return names[gpu["id"]], stock.country(found.pool), found.pool.place
    raise AssertionError("nothing is in stock")


@pytest.mark.parametrize("preemptible", [False, True])
def test_a_pod_lives_as_skypilot_expects(
    runpod: Any, served: tuple[str, SandboxMarket], preemptible: bool
) -> None:
    name, country, center = a_place(served[1], runpod)
    pod = runpod.launch(
        cluster_name="c", node_type="head", instance_type=f"1x_{name}_SECURE", region=country,
        zone=center, disk_size=20, image_name="ubuntu", ports=[8080], public_key="ssh-ed25519 A a",
        preemptible=preemptible, bid_per_gpu=50.0, docker_login_config=None,
    )  # fmt: skip
    assert runpod.list_instances()[pod]["name"] == "c-head"
    assert runpod.list_instances()[pod]["status"] == "RUNNING"
    runpod.remove(pod)
    assert pod not in runpod.list_instances()


def test_logins_and_templates_that_skypilot_made_are_found_and_removed(runpod: Any) -> None:
    login = {"username": "u", "password": "p", "format_image": lambda image: f"ghcr.io/{image}"}
    image, template = runpod._create_template_for_docker_login("c", "team/image", login)
    assert (image, bool(template)) == ("ghcr.io/team/image", True)
    name, auth = runpod.get_registry_auth_resources("c")
    assert auth
    runpod.delete_pod_template(name)
    runpod.delete_register_auth(auth)
    assert runpod.get_registry_auth_resources("c") == (None, None)
