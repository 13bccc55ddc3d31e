"""The sandbox's replies against the vendors' published documents, path by path."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from hunter.sandbox.server import Options, running

if TYPE_CHECKING:
    from collections.abc import Iterator

SPECS = Path(__file__).resolve().parents[3] / "shared" / "specs"
needs_specs = pytest.mark.skipif(
    not SPECS.exists(), reason="the vendors' OpenAPI documents are not beside this checkout"
)
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


def check(document: dict[str, Any], path: str, method: str, reply: httpx.Response) -> None:
    import jsonschema

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
    said = "\n".join(f"{e.message[:150]} at {list(e.absolute_path)}" for e in errors)
    assert not errors, f"{method} {path}:\n{said}"


def drop(schema: Any, name: str) -> None:
    """Leave one property of that name unchecked, wherever it stands."""
    for part in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(part, dict | list):
            drop(part, name)
    if isinstance(schema, dict) and isinstance(schema.get("properties"), dict):
        schema["properties"].pop(name, None)


@needs_specs
def test_runpods_second_interface_answers_as_its_document_says(url: str) -> None:
    document = json.loads((SPECS / "runpod-v2-openapi.json").read_text())
    with httpx.Client(base_url=url, headers=KEY) as client:
        catalogue = client.get(
            "/v2/catalog/gpus", params={"include": "AVAILABILITY", "product": "POD"}
        )
        check(document, "/v2/catalog/gpus", "get", catalogue)
        gpu = next(g["id"] for g in catalogue.json()["gpus"] if g["availability"] != "NONE")
        one = client.get(f"/v2/catalog/gpus/{gpu}")
        check(document, "/v2/catalog/gpus/{id}", "get", one)
        centers = client.get("/v2/catalog/datacenters", params={"include": "GPU_AVAILABILITY"})
        check(document, "/v2/catalog/datacenters", "get", centers)
        wish = {
            "name": "a",
            "image": "i:1",
            "gpu": {"id": gpu, "count": 1},
            "cloud": "SECURE",
            "disk": 20,
        }
        made = client.post("/v2/pods", json=wish)
        assert made.status_code == 201, made.text
        check(document, "/v2/pods", "post", made)
        identity = made.json()["id"]
        check(document, "/v2/pods", "get", client.get("/v2/pods"))
        check(document, "/v2/pods/{id}", "get", client.get(f"/v2/pods/{identity}"))
        stopped = client.post(f"/v2/pods/{identity}/action", json={"action": "stop"})
        check(document, "/v2/pods/{id}/action", "post", stopped)
        refused = client.post(f"/v2/pods/{identity}/action", json={"action": "stop"})
        assert refused.status_code == 409
        check(document, "/v2/billing/pods", "get", client.get("/v2/billing/pods"))
        check(document, "/v2/billing", "get", client.get("/v2/billing"))
        check(document, "/v2/account/ssh-keys", "get", client.get("/v2/account/ssh-keys"))
        assert client.get(f"/v2/pods/{identity}/logs").status_code == 200
        assert client.delete(f"/v2/pods/{identity}").status_code == 204
        assert client.get(f"/v2/pods/{identity}").status_code == 404


@needs_specs
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
    with httpx.Client(base_url=url, headers=KEY) as client:
        found = client.post("/api/v0/bundles/", json={"limit": 3})
        check(document, "/api/v0/bundles", "post", found)
        ask = found.json()["offers"][0]["id"]
        made = client.put(f"/api/v0/asks/{ask}/", json={"image": "i:1", "disk": 10})
        check(document, "/api/v0/asks/{id}", "put", made)
        identity = made.json()["new_contract"]
        check(document, "/api/v1/instances", "get", client.get("/api/v1/instances/"))
        check(
            document, "/api/v0/instances/{id}", "get", client.get(f"/api/v0/instances/{identity}/")
        )
        label = client.put(f"/api/v0/instances/{identity}/", json={"label": "x"})
        check(document, "/api/v0/instances/{id}", "put", label)
        logs = client.put(f"/api/v0/instances/request_logs/{identity}/", json={})
        check(document, "/api/v0/instances/request_logs/{id}", "put", logs)
        check(document, "/api/v0/charges", "get", client.get("/api/v0/charges/"))
        check(document, "/api/v1/invoices", "get", client.get("/api/v1/invoices/"))
        check(document, "/api/v0/users/current", "get", client.get("/api/v0/users/current"))
        gone = client.delete(f"/api/v0/instances/{identity}/")
        check(document, "/api/v0/instances/{id}", "delete", gone)
        missing = client.delete(f"/api/v0/instances/{identity}/")
        assert missing.status_code == 404
        keys = client.post("/api/v0/ssh/", json={"ssh_key": "ssh-ed25519 AAAA x"})
        check(document, "/api/v0/ssh", "post", keys)
        check(document, "/api/v0/ssh", "get", client.get("/api/v0/ssh/"))
        check(document, "/api/v0/volumes", "get", client.get("/api/v0/volumes"))
