"""Does the assistant work well beside a canvas: opening it, changing it, leaving it closed?"""

from inspect_ai import Task, task

from tastemaker.task import rubric_task


@task
def canvas_trigger(split: str = "dev") -> Task:
    """The canvas, Python, a search or an image where the job calls for it, and else an answer."""
    return rubric_task(rubric="canvas/trigger", dataset="canvas/trigger", split=split)
