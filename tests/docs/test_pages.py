"""Every command, option, variable, setting and key stands on its page, and no page names one that is not there."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

import click
import msgspec
import pytest

from hunter.cli.main import COMMANDS as NAMES
from hunter.facts import workload_file
from hunter.facts.config import Config
from hunter.facts.shipped import shipped
from tests.docs.pages import (
    COMMANDS,
    OPTION,
    PAGES,
    ROOT,
    blocks,
    command_of,
    examples,
    first_cells,
    names,
    options_of,
    parameters,
    section,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVERY = [*NAMES, "hunter"]
CONFIG = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
WORKLOAD = (ROOT / "docs" / "workload.md").read_text(encoding="utf-8")
TO_BE_MADE = {"docs/commands/gpus.md"}
"""By whoever follows docs/add-a-command.md."""
OTHERS = {"--link"}
"""Options of other programs that pages speak of."""


def test_there_is_one_page_a_command_and_no_other() -> None:
    assert sorted(path.stem for path in COMMANDS.glob("*.md")) == sorted(EVERY)


@pytest.mark.parametrize("name", EVERY)
def test_a_page_names_every_option_of_its_command_and_no_other(name: str) -> None:
    text = (COMMANDS / f"{name}.md").read_text(encoding="utf-8")
    shared = section(text, "Global options")
    said = section(text, "Options")
    stated = set(OPTION.findall(" ".join(names(first_cells(said)))))
    stated |= set(OPTION.findall(" ".join(names(first_cells(shared)))))
    stated |= set(OPTION.findall(" ".join(names(said.partition("[global options]")[2]))))
    assert stated | {"-h", "--help"} == options_of(name) | {"-h", "--help"}


@pytest.mark.parametrize("name", EVERY)
def test_a_page_has_its_title_its_arguments_and_exit_codes(name: str) -> None:
    text = (COMMANDS / f"{name}.md").read_text(encoding="utf-8")
    assert text.startswith("# hunter\n" if name == "hunter" else f"# hunter {name}\n")
    (usage, *_) = blocks(text, "text")
    for param in parameters(command_of(name)):
        if isinstance(param, click.Argument):
            assert (param.metavar or (param.name or "").upper()).rstrip(".") in usage
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", section(text, "Exit codes"), re.M)}
    assert {each.code for each in examples(text)} <= codes
    assert codes & {0, 130}  # a server runs until it is interrupted


def test_the_list_of_commands_is_whole() -> None:
    text = (COMMANDS / "hunter.md").read_text(encoding="utf-8")
    assert re.findall(r"\]\((\w+)\.md\) \|", text) == list(NAMES)


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_page_names_an_option_that_does_not_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    every = set().union(*(options_of(name) for name in EVERY)) | OTHERS | {"--help"}
    spans = [*names(re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)), *re.findall(r"^.*$", "\n".join(
        line for kind in ("console", "cron", "text", "bash", "") for block in blocks(text, kind)
        for line in block.splitlines()), re.M)]  # fmt: skip
    for span in spans:
        if " -m bench" in span or span.startswith(("pip", "git ", "make ")):
            continue
        said = {option for option in OPTION.findall(span) if option.startswith("--")}
        found = re.search(r"\bhunter (?:--\S+ )*(\w+)", span)
        known = options_of(found[1]) if found and found[1] in NAMES else every
        assert said <= known, span


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_and_paths_on_a_page_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        assert (path.parent / target).exists(), target

    for place in re.findall(r"\b(?:hunter|tui|tests|data|docs|bench)/[\w./-]*\w", text):
        assert (ROOT / place).exists() or place in TO_BE_MADE, place


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_stand_in_blocks_that_are_run(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    loose = [line for kind in ("", "bash", "sh") for block in blocks(text, kind) for line in block.splitlines()
             if line.startswith("hunter ")]  # fmt: skip
    assert not loose or path.stem == "add-a-market", (
        loose
    )  # that market is installed by a test of its own


# ── the environment, config.toml, workload files ────────────────────────────────────────────


def variables() -> set[str]:
    """What the code reads from the environment: names in the modules that read it, and those of the facts."""
    found = {facts.url_variable for facts in shipped().markets.values()}
    found |= {facts.key_variable for facts in shipped().markets.values()}
    for path in [*ROOT.glob("hunter/**/*.py"), *ROOT.glob("tui/**/*.py")]:
        source = path.read_text(encoding="utf-8")
        if not re.search(r"\benviron\b", source):
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= set(
                    re.findall(r"\A(?:[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|COLUMNS)\Z", node.value)
                )
    return found - {"OPENBLAS_NUM_THREADS"}  # set, not read


def test_every_variable_that_is_read_is_documented_and_no_other() -> None:
    stated = set(names(first_cells(section(CONFIG, "Environment"))))
    assert {name for name in stated if name.isupper()} == variables()


def keys(type_: Any, path: str = "") -> Iterator[str]:
    """The keys of a file by its type, as `run.hours` and `weights[].gb`."""
    info = type_ if isinstance(type_, msgspec.inspect.Type) else msgspec.inspect.type_info(type_)
    if isinstance(info, msgspec.inspect.UnionType):
        for part in info.types:
            yield from keys(part, path)
    elif isinstance(info, msgspec.inspect.ListType):
        yield from keys(info.item_type, f"{path}[]")
    elif isinstance(info, msgspec.inspect.StructType):
        for field in info.fields:
            below = f"{path}.{field.encode_name}".removeprefix(".")
            yield below
            yield from keys(field.type, below)


def stated_keys(text: str) -> set[str]:
    return {
        name
        for name in names(first_cells(text))
        if re.fullmatch(r"[a-z_]+(\[\])?(\.[a-z_]+)*", name)
    }


def leaves(found: set[str]) -> set[str]:
    """Keys that hold a value: tables are documented by what is in them."""
    return {
        key
        for key in found
        if not any(other.startswith((f"{key}.", f"{key}[]")) for other in found)
    }


def test_every_key_of_config_toml_is_documented_and_no_other() -> None:
    assert leaves(set(keys(Config))) == leaves(stated_keys(section(CONFIG, "config.toml")))


def test_every_key_of_a_workload_file_is_documented_and_no_other() -> None:
    assert leaves(set(keys(workload_file._File))) == leaves(stated_keys(WORKLOAD))


def test_the_workload_file_on_its_page_is_one() -> None:
    whole, *_ = blocks(WORKLOAD, "toml")
    assert workload_file.parse(whole, "job.toml").name == "wallpaper-of-the-day"


def test_the_settings_on_their_page_are_some(tmp_path: Path) -> None:
    from hunter.facts.config import read_config

    whole, *_ = blocks(CONFIG, "toml")
    (tmp_path / "config.toml").write_text(whole)
    assert read_config(tmp_path / "config.toml").workload == "comfyui-flux"
