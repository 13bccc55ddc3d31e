"""The sandbox's replies against documents of the interfaces: our own of what is read, and the vendors' of all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import pytest

from hunter.sandbox.server import Options, running
from tests.recorded import SHARED, needs_shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OURS = Path(__file__).parent / "documents"
SPECS = SHARED / "specs"
KEY = {"Authorization": "Bearer any"}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running(Options(offers=60, speed=60.0, seed=3)) as (url, market):
        market.facts["runpod"]["create_fails_share"] = 0.0
        yield url


def loosen(schema: Any) -> Any:
    """OpenAPI's dialect as JSON Schema: nullable, and single examples where the service sends lists."""
    if isinstance(schema, list):
        return [loosen(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {
        key: loosen(value) for key, value in schema.items() if key not in ("example", "examples")
    }
    if found.pop("nullable", False) and isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
    return found


class Said(NamedTuple):
    """One reply of the sandbox, under the path that documents have for it."""

    path: str
    method: str
    reply: httpx.Response


def check(document: dict[str, Any], said: Said) -> None:
    import jsonschema

    path, method, reply = said

    responses = document["paths"][path][method]["responses"]
    content = responses[str(reply.status_code)].get("content") or {}
    first: dict[str, Any] = next(iter(content.values()), {})
    schema = first.get("schema")
    if schema is None:
        return
    root: dict[str, Any] = loosen(document)
    whole = {"$ref": "#/whole", "whole": loosen(schema), "components": root.get("components", {})}
    validator = jsonschema.Draft202012Validator(whole)
    body = reply.json()
    errors = sorted(validator.iter_errors(body), key=str)
    words = "\n".join(f"{e.message[:150]} at {list(e.absolute_path)}" for e in errors)
    assert not errors, f"{method} {path}:\n{words}"


def drop(schema: Any, name: str) -> None:
    """Leave one property of that name unchecked, wherever it stands."""
    for part in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(part, dict | list):
            drop(part, name)
    if isinstance(schema, dict) and isinstance(schema.get("properties"), dict):
        schema["properties"].pop(name, None)


def of_runpod(url: str) -> list[Said]:
    """A pod's life over the second interface, with the catalogue before it and the bill after it."""
    with httpx.Client(base_url=url, headers=KEY) as client:
        catalogue = client.get(
            "/v2/catalog/gpus", params={"include": "AVAILABILITY", "product": "POD"}
        )
        gpu = next(g["id"] for g in catalogue.json()["gpus"] if g["availability"] != "NONE")
        centers = client.get("/v2/catalog/datacenters", params={"include": "GPU_AVAILABILITY"})
        one = {"id": gpu, "count": 1}
        wish = {"name": "a", "image": "i:1", "gpu": one, "cloud": "SECURE", "disk": 20}
        made = client.post("/v2/pods", json=wish)
        assert made.status_code == 201, made.text
        pod, action = f"/v2/pods/{made.json()['id']}", {"action": "stop"}
        said = [
            Said("/v2/catalog/gpus", "get", catalogue),
            Said("/v2/catalog/gpus/{id}", "get", client.get(f"/v2/catalog/gpus/{gpu}")),
            Said("/v2/catalog/datacenters", "get", centers),
            Said("/v2/pods", "post", made),
            Said("/v2/pods", "get", client.get("/v2/pods")),
            Said("/v2/pods/{id}", "get", client.get(pod)),
            Said("/v2/pods/{id}/action", "post", client.post(f"{pod}/action", json=action)),
        ]
        assert client.post(f"{pod}/action", json=action).status_code == 409
        said.append(Said("/v2/billing/pods", "get", client.get("/v2/billing/pods")))
        said.append(Said("/v2/billing", "get", client.get("/v2/billing")))
        said.append(Said("/v2/account/ssh-keys", "get", client.get("/v2/account/ssh-keys")))
        assert client.get(f"{pod}/logs").status_code == 200
        assert client.delete(pod).status_code == 204
        assert client.get(pod).status_code == 404
    return said


def of_vast(url: str) -> list[Said]:
    """An instance's life, with the search before it and the bill after it."""
    with httpx.Client(base_url=url, headers=KEY) as client:
        found = client.post("/api/v0/bundles/", json={"limit": 3})
        ask = found.json()["offers"][0]["id"]
        made = client.put(f"/api/v0/asks/{ask}/", json={"image": "i:1", "disk": 10})
        number = made.json()["new_contract"]
        instance, logs = f"/api/v0/instances/{number}/", f"/api/v0/instances/request_logs/{number}/"
        said = [
            Said("/api/v0/bundles", "post", found),
            Said("/api/v0/asks/{id}", "put", made),
            Said("/api/v1/instances", "get", client.get("/api/v1/instances/")),
            Said("/api/v0/instances/{id}", "get", client.get(instance)),
            Said("/api/v0/instances/{id}", "put", client.put(instance, json={"label": "x"})),
            Said("/api/v0/instances/request_logs/{id}", "put", client.put(logs, json={})),
            Said("/api/v0/charges", "get", client.get("/api/v0/charges/")),
            Said("/api/v1/invoices", "get", client.get("/api/v1/invoices/")),
            Said("/api/v0/users/current", "get", client.get("/api/v0/users/current")),
            Said("/api/v0/instances/{id}", "delete", client.delete(instance)),
        ]
        assert client.delete(instance).status_code == 404
        key = {"ssh_key": "ssh-ed25519 AAAA x"}
        said.append(Said("/api/v0/ssh", "post", client.post("/api/v0/ssh/", json=key)))
        said.append(Said("/api/v0/ssh", "get", client.get("/api/v0/ssh/")))
        said.append(Said("/api/v0/volumes", "get", client.get("/api/v0/volumes")))
    return said


@pytest.mark.parametrize(("market", "live"), [("vast", of_vast), ("runpod", of_runpod)])
def test_what_is_read_here_is_answered_as_our_document_says(
    url: str, market: str, live: Callable[[str], list[Said]]
) -> None:
    document = json.loads((OURS / f"{market}.json").read_text())
    said = [one for one in live(url) if one.path in document["paths"]]
    ways = {(path, method) for path, ways in document["paths"].items() for method in ways}
    assert {(one.path, one.method) for one in said} == ways
    for one in said:
        check(document, one)


@needs_shared
def test_runpods_second_interface_answers_as_its_document_says(url: str) -> None:
    document = json.loads((SPECS / "runpod-v2-openapi.json").read_text())
    for one in of_runpod(url):
        check(document, one)


@needs_shared
def test_vast_answers_as_its_document_says(url: str) -> None:
    """Two of the document's statements contradict the vendor's own client, which is believed instead.

    A search's `offers` are shown as one object where the client iterates a list; a single instance's
    `ports` are a list of numbers where the client reads host ports out of a mapping, as the document
    itself has it for the list of instances.
    """
    import yaml

    document = yaml.safe_load((SPECS / "vast-openapi.yaml").read_text())
    offers = document["paths"]["/api/v0/bundles"]["post"]["responses"]["200"]["content"]
    schema = offers["application/json"]["schema"]["properties"]["offers"]
    if schema.get("type") == "object":
        schema.update({"type": "array", "items": dict(schema)})
        schema.pop("properties", None)
    drop(document["paths"]["/api/v0/instances/{id}"]["get"], "ports")
    drop(document["components"], "ports")
    for one in of_vast(url):
        check(document, one)
