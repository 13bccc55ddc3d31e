"""What servers ask for: several challenges, in one header or in many, in any order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunter.payload.challenges import challenges

BEARER = (
    'Bearer realm="https://auth.example/t",service="reg, the one",scope="repository:a/b:pull,push"'
)
PARAMETERS = {
    "realm": "https://auth.example/t",
    "service": "reg, the one",
    "scope": "repository:a/b:pull,push",
}


@pytest.mark.parametrize(
    "headers",
    [
        [BEARER],
        [f'Basic realm="here", {BEARER}'],
        [f'{BEARER}, Basic realm="here"'],
        [f'{BEARER},Basic realm="here",Negotiate'],
        [f"Negotiate, {BEARER}"],
        [f"Negotiate YII=, {BEARER}"],
        [f"NTLM TlRMTVNTUAAB==,{BEARER}"],
        ["Negotiate", BEARER, 'Basic realm="x"'],
        [f'Digest realm="a \\"Bearer\\" b", nonce="n=,", qop="auth,auth-int" , {BEARER}'],
        [f",, ,{BEARER},,"],
        [BEARER.replace("Bearer", "bEARER").replace("realm", "REALM")],
        [BEARER.replace('",', '" , ').replace("=", " = ", 1)],
        [f'Basic realm="unended {"x" * 50}', BEARER],
        [f"Basic realm=, {BEARER}"],
        [f"??? ;;; , {BEARER}"],
        [f"Basic charset=UTF-8, {BEARER}"],
    ],
)
def test_the_bearer_is_found_wherever_it_stands(headers: list[str]) -> None:
    [bearer] = [found for found in challenges(headers) if found.scheme == "bearer"]
    assert bearer.parameters == PARAMETERS


@pytest.mark.parametrize(
    ("header", "schemes"),
    [
        ("", []),
        ("Basic", ["basic"]),
        ("Basic, Bearer", ["basic", "bearer"]),
        ('realm="x"', []),
        ('Basic realm="x", realm="y", Bearer realm=z', ["basic", "bearer"]),
    ],
)
def test_odd_headers_give_what_is_in_them(header: str, schemes: list[str]) -> None:
    assert [found.scheme for found in challenges([header])] == schemes


def test_the_first_of_equal_parameters_counts() -> None:
    [found] = challenges(["Bearer realm=a, realm=b"])
    assert found.parameters == {"realm": "a"}


@given(st.lists(st.text(st.sampled_from('Basic=",\\ \tr?é'), max_size=60), max_size=4))
def test_no_header_is_too_odd(headers: list[str]) -> None:
    challenges(headers)


@pytest.mark.parametrize("piece", ['a="', 'a="\\', "a,", "a ", '"', "=", "a=", "Basic realm=a,"])
def test_a_hundred_thousand_of_anything_are_read_no_further_than_a_header_goes(piece: str) -> None:
    assert len(challenges([piece * 100_000])) < 16_384
