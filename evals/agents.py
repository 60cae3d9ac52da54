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


@task
def agents_errands(split: str = "dev") -> Task:
    """A chore over several apps: done whole, what does not add up left, and both told."""
    return rubric_task(rubric="agents/errands", dataset="agents/errands", split=split)


@task
def agents_demonstration(split: str = "dev") -> Task:
    """The same errand with and without an example of how this person wants it done."""
    return rubric_task(rubric="agents/demonstration", dataset="agents/demonstration", split=split)
