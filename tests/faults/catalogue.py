"""Every fault there is: the `FAULTS` of each module in `kinds`."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from tests.faults import kinds
from tests.faults.fault import Fault

MODULES = sorted(module.name for module in pkgutil.iter_modules(kinds.__path__, f"{kinds.__name__}."))
FAULTS: list[Fault] = [fault for name in MODULES for fault in import_module(name).FAULTS]
