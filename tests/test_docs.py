"""The documentation is true: its examples run and keep their contracts, and its command lines are ones."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from harness.cli import cli
from harness.core.errors import SettingError
from harness.files.yaml_text import read_yaml
from harness.output.text_tables import markdown_text
from harness.planning import registry, settings
from harness.reproduce import published

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
GUIDES = sorted((DOCS / "how-to").glob("*.md"))
READMES = [ROOT / name for name in ("README.md", "tables/README.md", "backends/supernet/README.md")]
PAGES = [*sorted(DOCS.rglob("*.md")), *READMES, ROOT / "harness/studies/README.md"]

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
NAMED = re.compile(r"# (\w+\.py)\n")
SETTING = re.compile(r"\b[a-z][a-z-]*\.[a-z][a-z_]*=[\w.]*\w")


def blocks(page: Path) -> list[tuple[str, str]]:
    """The fenced blocks of a page as (language, content)."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def named_files() -> dict[str, str]:
    """What the guides say stands in a file, by the name in its first line."""
    python = [text for page in GUIDES for language, text in blocks(page) if language == "python"]
    return {found[1]: text for text in python if (found := NAMED.match(text))}


@pytest.mark.slow(reason="each line of a guide is a process of its own")
@pytest.mark.parametrize("guide", GUIDES, ids=lambda page: page.stem)
def test_a_guide_s_example_runs_from_top_to_bottom(guide: Path, tmp_path: Path) -> None:
    for name, text in named_files().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    for language, text in blocks(guide):
        if language == "python" and not NAMED.match(text):
            perform([sys.executable, "-W", "error", "-c", text], tmp_path)
        if language == "sh":
            for line in text.splitlines():
                program, *arguments = shlex.split(line)
                module = ["-m", "harness"] if program == "harness" else []
                perform([sys.executable, *module, *arguments], tmp_path)


def perform(command: list[str], folder: Path) -> str:
    """What a command prints in a folder, where its modules lie too; fails with what it said where it fails."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, f"{command}: {ran.stderr}"
    return ran.stdout


@pytest.mark.slow(reason="the whole comparison of the quick start, ten seeds a policy")
def test_the_quick_start_prints_what_it_says_and_python_reads_what_it_stored(tmp_path: Path) -> None:
    found = blocks(DOCS / "quick-start.md")
    place = next(i for i, (_, text) in enumerate(found) if text.startswith("harness run"))
    command = [sys.executable, "-m", *found[place][1].split(), "--quiet"]
    printed = perform(command, tmp_path)
    assert [line.rstrip() for line in printed.splitlines()] == found[place + 1][1].splitlines()
    reading = next(text for language, text in blocks(DOCS / "results.md") if language == "python")
    assert "evolution" in perform([sys.executable, "-c", reading], tmp_path)


def lines_of(page: Path) -> Iterator[str]:
    """The command lines of a page: those of blocks, without what a column says about them, and those in the text."""
    text = page.read_text(encoding="utf-8")
    inside = [line for _, block in BLOCK.findall(text) for line in block.splitlines()]
    whole = [re.split(r" {2,}|\s#", line)[0] for line in inside if line.startswith("harness ")]
    spoken = re.findall(r"(?<!`)`(harness [^`]+)`(?!`)", BLOCK.sub("", text))
    for line in [*whole, *(" ".join(part.split()) for part in spoken)]:
        words = line.split()
        place = next((i for i, word in enumerate(words) if "|" in word and not word.startswith(("-", "["))), None)
        choices = [line] if place is None else words[place].split("|")
        yield from (
            line if place is None else " ".join([*words[:place], each, *words[place + 1 :]]) for each in choices
        )


COMMAND_LINES = sorted({line for page in PAGES for line in lines_of(page)})


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_a_command_line_of_the_documentation_is_one(line: str) -> None:
    command: click.Command = cli
    context, words = click.Context(cli, info_name="harness"), shlex.split(line)[1:]
    while isinstance(command, click.Group) and words and words != ["COMMAND", "--help"]:
        name, inner, words = command.resolve_command(context, words)
        assert name is not None
        command, context = inner, click.Context(inner, context, name)
    words = [word.strip("[]") for word in words if word not in ("...", "…", "COMMAND", "--help")]
    if words and words[-1] in valued(command):  # an option that the text only names
        words.append("VALUE")
    given, left, _ = command.make_parser(context).parse_args(words)
    assert not left, f"{context.command_path} takes no {left}"
    for part in command.params:
        if isinstance(part.type, click.Choice) and isinstance(given.get(part.name), str):
            part.type.convert(given[part.name], part, context)
    for kind, option in (("policy", "policies"), ("oracle", "oracles")):
        for name in given.get(option) or ():
            assert registry.find(kind, name), name


def valued(command: click.Command) -> set[str]:
    """The options of a command that take a value."""
    return {
        name for part in command.params if isinstance(part, click.Option) and not part.is_flag for name in part.opts
    }


def test_the_page_on_the_paper_lists_the_known_inconsistencies_without_raw_markup() -> None:
    page = (DOCS / "paper.md").read_text(encoding="utf-8")
    assert not re.findall(r"^% |\[\]\(|^```\{|\{\w+\}`", page, re.MULTILINE)
    listed = page.partition("<!-- inconsistencies")[2].partition("<!-- end")[0]
    known = dict.fromkeys(each for name in published.names() for each in published.inconsistencies(name))
    parts = [(each.place, each.says, each.why, each.source) for each in known if "released code" not in each.place]
    expected = ["* **{}**: {}; {} *({})*".format(*map(markdown_text, each)) for each in parts]
    assert [line for line in listed.splitlines() if line.startswith("* ")] == expected, "\n".join(expected)


def owners(part: str) -> Iterator[tuple[str, Any]]:
    """The policy of a name, or for ``policy``, ``oracle`` and ``space`` every registered one."""
    kind = part if part in ("policy", "oracle", "space") else "policy"
    names = registry.entries(kind) if part == kind else [part]
    yield from ((name, registry.load(kind, name)) for name in names)


SETTINGS = sorted({found for page in PAGES for found in SETTING.findall(page.read_text(encoding="utf-8"))})


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_of_the_documentation_is_taken(setting: str) -> None:
    part, name, value = re.split("[.=]", setting, maxsplit=2)
    refused = []
    for owner, factory in owners(part):
        if name not in settings.defaults(factory):
            continue
        try:
            settings.resolve(owner, factory, {name: read_yaml(value)})
        except SettingError as error:
            refused.append(str(error))
        else:
            return
    pytest.fail(f"nothing takes {setting}: {refused or 'no such setting'}")
