"""Import name of the task files in the evals folder: `tastemaker.evals.writing`."""

from tastemaker.content import folder

__path__ = [str(folder("evals"))]
