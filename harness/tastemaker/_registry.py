"""What Inspect finds of ours: every task file in the evals folder, and the embedded model.

Every `inspect` command loads this, so nothing heavy is imported beyond Inspect itself.
"""

import pkgutil
from importlib import import_module

from tastemaker import evals
from tastemaker.providers import local as local

for module in pkgutil.iter_modules(evals.__path__, prefix="tastemaker.evals."):
    import_module(module.name)
