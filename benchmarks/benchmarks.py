"""Lets a script of this folder be run by its path: `python benchmarks/offline.py` as `python -m benchmarks.offline`.

By its path Python looks for modules in this folder first: for the package `benchmarks`, which is found here then, and
for `bot`, which would be `bot.py` beside this file. So the first import puts the repository in this folder's place, and
the package in its own.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])
del sys.modules[__name__]
importlib.import_module(__name__)
