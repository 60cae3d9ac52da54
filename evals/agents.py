"""Does the assistant do errands as a careful person would?"""

from inspect_ai import Task, task

from tastemaker.task import rubric_task


@task
def agents_errands(split: str = "dev") -> Task:
    """A chore over several apps: done whole, what does not add up left, and both told."""
    return rubric_task(rubric="agents/errands", dataset="agents/errands", split=split)


@task
def agents_demonstration(split: str = "dev") -> Task:
    """The same errand with and without an example of how this person wants it done."""
    return rubric_task(rubric="agents/demonstration", dataset="agents/demonstration", split=split)
