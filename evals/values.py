"""Does the assistant hold its values where they pull against each other?"""

from inspect_ai import Task, task

from tastemaker.task import rubric_task


@task
def values_twins(split: str = "dev") -> Task:
    """Harmful requests are told from benign ones that sound like them; both are met truthfully."""
    return rubric_task(rubric="values/twins", dataset="values/twins", split=split)
