"""dstack's two API clients, unmodified but for the address, against the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hunter.sandbox.server import Options, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hunter.sandbox.market import SandboxMarket

BACKENDS = "dstack._internal.core.backends"
vastai = pytest.importorskip(
    f"{BACKENDS}.vastai.api_client", reason="`make contract` installs dstack"
)
runpod = pytest.importorskip(
    f"{BACKENDS}.runpod.api_client", reason="`make contract` installs dstack"
)
pytestmark = [pytest.mark.contract, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, SandboxMarket]]:
    with running(Options(offers=400, speed=1.0, seed=3)) as (url, market):
        market.facts["runpod"]["create_fails_share"] = 0.0
        yield url, market


@pytest.fixture
def vast(served: tuple[str, SandboxMarket]) -> Any:
    client = vastai.VastAIAPIClient("any")
    client.s.base_url = f"{served[0]}/api/"
    return client


@pytest.fixture
def pods(served: tuple[str, SandboxMarket], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(runpod, "API_GRAPHQL_URL", f"{served[0]}/graphql")
    monkeypatch.setattr(runpod, "API_V2_URL", f"{served[0]}/v2")
    return runpod.RunpodApiClient("any")


def offer(vast: Any) -> dict[str, Any]:
    query = {"limit": 1, "num_gpus": {"eq": 1}, "disk_space": {"gt": 60}, "type": "bid"}
    found: dict[str, Any] = vast.s.post("/v0/bundles/", json=query).json()["offers"][0]
    return found


def test_an_instance_of_vast_lives_as_dstack_expects(vast: Any) -> None:
    assert vast.auth_test()
    number = vast.create_instance("job", offer(vast)["id"], "ubuntu", "sleep 1", 50)
    row = vast.get_instance(number)
    assert (row["label"], row["image_runtype"]) == ("job", "args")
    assert (row["onstart"], row["image_args"]) == ("/bin/sh", ["-c", "sleep 1"])
    assert row["ssh_host"] is None
    vast.destroy_instance(number)
    assert vast.get_instance(number) is None
    vast.destroy_instance(number)  # gone already is no failure


def test_a_bid_that_is_too_low_leaves_an_instance_that_dstack_finds_and_ends(vast: Any) -> None:
    ask = offer(vast)
    low = max(0.001, ask["min_bid"] / 2)
    with pytest.raises(vastai.VastAICreateInstanceError) as caught:
        vast.create_instance("low", ask["id"], "ubuntu", "sleep 1", 50, bid=low)
    number = caught.value.created_instance_id
    assert vast.get_instance(number)["cur_state"] == "stopped"
    vast.destroy_instance(number)


def test_an_offer_that_is_gone_leaves_nothing(vast: Any) -> None:
    with pytest.raises(vastai.VastAICreateInstanceError) as caught:
        vast.create_instance("gone", 7, "ubuntu", "sleep 1", 50)
    assert caught.value.created_instance_id is None
    assert "no_such_ask" in caught.value.resp


def test_a_pod_lives_as_dstack_expects(pods: Any, served: tuple[str, SandboxMarket]) -> None:
    from hunter.sandbox.runpod.stock import Needs, Stock

    stock = Stock(served[1])
    needs = Needs(cuda_at_least=runpod.RunpodProvider.MIN_CUDA_VERSION)
    found = (stock.search(gpu, 1, ("SECURE",), needs=needs) for gpu in stock.gpus.values())
    place = next(f.pool for f in found if f is not None)
    assert pods.validate_api_key()
    login = pods.create_container_registry_credentials(name="hub", username="u", password="p")
    pod = pods.create_pod(
        name="job", cloud="SECURE", data_center_ids=[place.place], gpu_type_id=place.gpu_id,
        gpu_count=1, min_cpu_count_per_gpu=1, min_memory_in_gb_per_gpu=1, container_disk_in_gb=20,
        image_name="ubuntu", container_registry_credentials_id=login["id"],
        entrypoint=["/bin/sh", "-c"], cmd=["sleep 1"], ports=["10022/tcp"], env={"A": "1"},
    )  # fmt: skip
    assert pods.get_pod(pod["id"])["id"] == pod["id"]
    assert pods.terminate_pod(pod["id"]) is True
    assert pods.terminate_pod(pod["id"]) is False
    assert pods.get_pod(pod["id"]) is None
    assert login in pods.list_container_registry_credentials()
    pods.delete_container_registry_credentials(login["id"])
    with pytest.raises(runpod.RunpodV2ClientError, match="Registry auth not found"):
        pods.delete_container_registry_credentials(login["id"])


def test_network_volumes_and_refusals_are_read(pods: Any) -> None:
    volume = pods.create_network_volume(name="v", data_center_id="EU-RO-1", size=20)
    assert pods.get_network_volume(volume["id"]) == volume
    assert pods.delete_network_volume(volume["id"]) is True
    assert pods.get_network_volume(volume["id"]) is None
    with pytest.raises(runpod.RunpodV2ClientError, match="no longer any instances"):
        pods.create_pod(
            name="job", cloud="SECURE", gpu_type_id="nothing", container_disk_in_gb=20,
            image_name="ubuntu", entrypoint=[], cmd=[],
        )  # fmt: skip
