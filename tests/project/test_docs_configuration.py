"""docs/configuration.md has every variable that is read and every system check, and none besides."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from scripts.machine import ROOT
from tests.project.documents import document, names, one_name, rows, section, sources

pytestmark = pytest.mark.once

TEXT = document("configuration.md")
READ_BY_SETTINGS = {"str", "bool", "int", "float", "list"}
# What tests and benchmarks ask for is theirs, never read by Chatline.
APART = ("tests/", "benchmarks/")
CHECK = re.compile(r"^[a-z]+\.[EW]\d{3}$")


def variables_read(source: str) -> set[str]:
    """The names that a module asks the environment for: `env.str("X")`, `os.environ["X"]`, `getenv("X")`."""
    found = {name_in(node) for node in ast.walk(ast.parse(source))}
    return {name for name in found if name is not None}


def name_in(node: ast.AST) -> str | None:
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) in {"os.environ", "environ"}:
        return constant(node.slice)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        holder, called = ast.unparse(node.func.value), node.func.attr
        if (holder == "env" and called in READ_BY_SETTINGS) or (
            holder in {"os.environ", "environ"} and called in {"get", "setdefault", "pop"}
        ):
            return constant(node.args[0])
        if called == "getenv":
            return constant(node.args[0])
    return None


def constant(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def documented_variables(text: str) -> set[str]:
    told = section(text, "Variables")
    besides = told[told.index("Development and tests besides:") :]
    return {one_name(row["variable"]) for row in rows(told)} | {
        name for name in names(besides.split("With docker-compose")[0]) if name.isupper()
    }


def coded_variables() -> set[str]:
    return {
        name
        for path, source in sources()
        if path.suffix == ".py" and not path.as_posix().startswith(APART)
        for name in variables_read(source)
    }


def check_numbers(source: str) -> set[str]:
    return {
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CHECK.match(node.value)
    }


def test_variables_are_those_of_the_code() -> None:
    assert documented_variables(TEXT) == coded_variables()


@pytest.mark.parametrize(
    "planted",
    [
        'PLANTED = env.bool("CHATLINE_PLANTED", default=False)',
        'x = os.environ["CHATLINE_PLANTED"]',
        'x = os.environ.get("CHATLINE_PLANTED", "")',
        'x = os.getenv("CHATLINE_PLANTED")',
    ],
)
def test_variable_that_nobody_told_of_is_found(planted: str) -> None:
    assert variables_read((ROOT / "chatline/settings.py").read_text() + planted) - documented_variables(TEXT) == {
        "CHATLINE_PLANTED"
    }


def test_variable_that_is_gone_is_found() -> None:
    planted = TEXT.replace("| `REDIS_URL` |", "| `CHATLINE_PLANTED` | none | x |\n| `REDIS_URL` |")

    assert documented_variables(planted) - coded_variables() == {"CHATLINE_PLANTED"}


def test_checks_are_those_of_the_code() -> None:
    coded = {
        number
        for path, source in sources()
        if path.suffix == ".py" and not path.as_posix().startswith(APART)
        for number in check_numbers(source)
    }

    assert {one_name(row["number"]) for row in rows(section(TEXT, "Checks"))} == coded


def test_check_that_nobody_told_of_is_found() -> None:
    assert check_numbers('Error("x", id="chatline.E099")') == {"chatline.E099"}


def test_variables_of_the_compose_file_are_told() -> None:
    compose = Path(ROOT / "docker-compose.yml").read_text()
    used = set(re.findall(r"^    ((?:CHATLINE|DATABASE|KEYS|REDIS)_\w+?)(?:_FILE)?: ", compose, flags=re.MULTILINE))

    assert used - {"CHATLINE_MASTER_KEY"} <= documented_variables(TEXT)
    assert len(used) > 5
