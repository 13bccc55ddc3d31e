"""The vendor's own SDK against the sandbox, unmodified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hunter.sandbox.server import Options, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hunter.sandbox.market import SandboxMarket

pytestmark = pytest.mark.contract
GPU = "NVIDIA GeForce RTX 4090"


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, SandboxMarket]]:
    with running(Options(offers=50, speed=30.0, seed=3)) as (url, market):
        market.facts["runpod"]["create_fails_share"] = 0.0
        yield url, market


@pytest.fixture
def sdk(served: tuple[str, SandboxMarket], monkeypatch: pytest.MonkeyPatch) -> Any:
    import runpod

    monkeypatch.setenv("RUNPOD_API_BASE_URL", served[0])
    monkeypatch.setattr(runpod, "api_key", "any")
    return runpod


def in_stock(market: SandboxMarket) -> str:
    from hunter.sandbox.runpod.stock import Stock

    stock = Stock(market)
    return next(str(g["id"]) for g in stock.gpus.values() if stock.best(g, 1, "SECURE", None)[0])


def resumed(sdk: Any, identity: str) -> str:
    try:
        return str(sdk.resume_pod(identity, gpu_count=1)["desiredStatus"])
    except sdk.error.QueryError as error:
        return str(error)


def test_the_catalogue(sdk: Any) -> None:
    assert {"id": GPU, "displayName": "RTX 4090", "memoryInGb": 24} in sdk.get_gpus()
    gpu = sdk.get_gpu(GPU)
    assert gpu["securePrice"] == 0.74
    with pytest.raises(ValueError, match="No GPU found"):
        sdk.get_gpu("nothing of that name")


def test_a_life_from_create_to_terminate(sdk: Any, served: tuple[str, SandboxMarket]) -> None:
    pod = sdk.create_pod(
        name="mine", image_name="example/image:1", gpu_type_id=in_stock(served[1]),
        cloud_type="SECURE", volume_in_gb=5, env={"A": "1"}, ports="22/tcp",
    )  # fmt: skip
    assert pod["imageName"] == "example/image:1"
    assert pod["env"] == ["A=1"]
    assert [p["id"] for p in sdk.get_pods()] == [pod["id"]]
    seen = sdk.get_pod(pod["id"])
    assert (seen["desiredStatus"], seen["volumeInGb"]) == ("RUNNING", 5)
    assert sdk.stop_pod(pod["id"])["desiredStatus"] == "EXITED"
    assert resumed(sdk, pod["id"]) in (
        "RUNNING",
        "There are not enough free GPUs on the host machine to start this pod.",
    )
    sdk.terminate_pod(pod["id"])
    assert sdk.get_pods() == []
    assert sdk.get_pod(pod["id"]) is None
    with pytest.raises(sdk.error.QueryError, match="pod not found to terminate"):
        sdk.terminate_pod(pod["id"])


def test_billing_begins_with_the_create_and_is_answered_by_the_rest_interface(
    sdk: Any, served: tuple[str, SandboxMarket]
) -> None:
    import httpx

    pod = sdk.create_pod(name="billed", image_name="example/image:1", gpu_type_id=in_stock(served[1]),
                         cloud_type="SECURE")  # fmt: skip
    sdk.terminate_pod(pod["id"])
    rental = served[1].book.page.rentals[-1]
    reply = httpx.get(
        f"{served[0]}/v2/billing/pods", params={"podId": pod["id"]},
        headers={"Authorization": "Bearer any"},
    ).json()  # fmt: skip
    hours = ((rental.destroyed_at or 0) - rental.created_at) / 3600
    assert reply["metadata"]["totals"]["gpuAmount"] == pytest.approx(hours * rental.gpu_usd_h)
    # the SDK's default disk is 10 GB at $0.10 a GB and month of 730 h
    assert reply["metadata"]["totals"]["diskAmount"] == pytest.approx(hours * 10 * 0.10 / 730)


def test_user_settings_templates_and_registries(sdk: Any) -> None:
    assert sdk.update_user_settings("ssh-ed25519 a\nb")["pubKey"] == "ssh-ed25519 a\nb"
    assert sdk.get_user()["pubKey"] == "ssh-ed25519 a\nb"
    assert sdk.create_template(name="t", image_name="img")["name"] == "t"
    assert sdk.create_container_registry_auth("n", "u", "p")["name"] == "n"


def test_without_a_key_nothing_of_an_account_is_told(
    sdk: Any, served: tuple[str, SandboxMarket]
) -> None:
    import httpx

    reply = httpx.post(f"{served[0]}/graphql", json={"query": "{ myself { id } }"})
    assert reply.status_code == 401
    assert httpx.get(f"{served[0]}/v2/pods").status_code == 401
    open_reply = httpx.post(f"{served[0]}/graphql", json={"query": "{ countryCodes }"})
    assert "US" in open_reply.json()["data"]["countryCodes"]
    assert "errors" not in open_reply.json()


def test_unescaped_quotes_are_a_syntax_error_as_they_are_there(sdk: Any) -> None:
    with pytest.raises(sdk.error.QueryError):
        sdk.create_pod(name="n", image_name="i", gpu_type_id=GPU, docker_args='say "hi"')
