"""Does the assistant work well beside a canvas: opening it, changing it, leaving it closed?"""

from inspect_ai import Task, task

from tastemaker.task import rubric_task


@task
def canvas_trigger(split: str = "dev") -> Task:
    """The canvas, Python, a search or an image where the job calls for it, and else an answer."""
    return rubric_task(rubric="canvas/trigger", dataset="canvas/trigger", split=split)


@task
def canvas_edit_or_rewrite(split: str = "dev") -> Task:
    """A word, a paragraph, all of it, a remark or nothing: as much is done as was asked."""
    return rubric_task(
        rubric="canvas/edit-or-rewrite", dataset="canvas/edit-or-rewrite", split=split
    )


@task
def canvas_comments(split: str = "dev") -> Task:
    """Remarks at the words they are about, on what was asked about, and worth reading."""
    return rubric_task(rubric="canvas/comments", dataset="canvas/comments", split=split)


@task
def canvas_composition(split: str = "dev") -> Task:
    """Several tools for one request, in order, and what they return where it belongs."""
    return rubric_task(rubric="canvas/composition", dataset="canvas/composition", split=split)
