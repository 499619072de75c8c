"""Between two releases the tables only grow: during an upgrade the earlier release still writes to them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.models import NOT_PROVIDED

from scripts.machine import ROOT
from tests.project.releases import git, previous_release

pytestmark = pytest.mark.once

GROWING = (
    migrations.CreateModel,
    migrations.AddIndex,
    migrations.RenameIndex,
    migrations.RemoveIndex,
    migrations.AlterModelOptions,
    migrations.AlterModelManagers,
)
# What takes something away that the release before last still used, or runs code that this cannot judge, by migration:
# "intake/migrations/0007_name": why it is safe now.
CONTRACTS: dict[str, str] = {}


def migrations_since(tag: str) -> list[str]:
    """`package/migrations/0002_name` of what the release `tag` had not."""
    listed = git("ls-tree", "-r", "--name-only", tag)
    assert listed is not None
    before = set(listed.decode().split())
    here = [path.relative_to(ROOT) for path in ROOT.glob("**/migrations/[0-9]*.py") if is_ours(path)]
    return sorted(str(path.with_suffix("")) for path in here if str(path) not in before)


def is_ours(path: Path) -> bool:
    return path.relative_to(ROOT).parts[0] in {"intake", "counsellor", "stats"}


def shrinking(operations: Sequence[Operation]) -> Iterator[str]:
    """What the earlier release would stumble over."""
    for operation in operations:
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            yield from shrinking(operation.database_operations)
        elif isinstance(operation, migrations.AddField):
            field = operation.field
            if not (field.null or field.db_default is not NOT_PROVIDED or field.many_to_many):
                yield f"{operation.model_name}.{operation.name}: the earlier release writes rows without it"
        elif not isinstance(operation, GROWING):
            yield operation.describe()


def test_tables_only_grow_between_releases() -> None:
    found = {
        name: list(shrinking(importlib.import_module(name.replace("/", ".")).Migration.operations))
        for name in migrations_since(previous_release())
        if name not in CONTRACTS
    }

    assert {name: reasons for name, reasons in found.items() if reasons} == {}


@pytest.mark.parametrize(
    "operation",
    [
        migrations.RemoveField("message", "seq"),
        migrations.DeleteModel("message"),
        migrations.RenameField("message", "seq", "number"),
        migrations.RenameModel("message", "text"),
        migrations.AlterField("message", "seq", models.TextField()),
        migrations.AddField("message", "mood", models.TextField(default="")),
        migrations.RunSQL("DROP TABLE intake_message"),
        migrations.RunPython(migrations.RunPython.noop),
        migrations.SeparateDatabaseAndState([migrations.RemoveField("message", "seq")]),
        migrations.SeparateDatabaseAndState(
            [migrations.SeparateDatabaseAndState([migrations.RunSQL("DROP TABLE intake_message")])]
        ),
        migrations.AddConstraint("message", models.CheckConstraint(condition=models.Q(seq=1), name="one")),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_what_shrinks_is_caught(operation: Operation) -> None:
    assert len(list(shrinking([operation]))) == 1


def test_what_changes_in_the_state_alone_is_let_through() -> None:
    operation = migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField("message", "seq")])

    assert list(shrinking([operation])) == []


@pytest.mark.parametrize(
    "field", [models.TextField(null=True), models.TextField(db_default="")], ids=["null", "default in the database"]
)
def test_column_that_may_be_left_out_is_let_through(field: models.Field[str, str]) -> None:
    assert list(shrinking([migrations.AddField("message", "mood", field)])) == []
