"""Does the assistant do errands as a careful person would?"""

from inspect_ai import Task, task

from tastemaker.task import rubric_task


@task
def agents_enough_information(split: str = "dev") -> Task:
    """The user is asked what only they know and what decides; the rest is looked up, or chosen."""
    return rubric_task(
        rubric="agents/enough-information", dataset="agents/enough-information", split=split
    )


@task
def agents_confirm(split: str = "dev") -> Task:
    """The user is asked before what cannot be undone, unless they have said to go ahead."""
    return rubric_task(rubric="agents/confirm", dataset="agents/confirm", split=split)
