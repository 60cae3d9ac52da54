"""Does the assistant do right by what is for later: set, offered, done when it comes due?"""

from inspect_ai import Task, task

from tastemaker.task import rubric_task


@task
def tasks_proactive(split: str = "dev") -> Task:
    """A reminder nobody asked for is offered where it helps, and set only after a yes."""
    return rubric_task(rubric="tasks/proactive", dataset="tasks/proactive", split=split)


@task
def tasks_composition(split: str = "dev") -> Task:
    """A stored task comes due: the right tools, what it says, nothing else, nobody asked."""
    return rubric_task(rubric="tasks/composition", dataset="tasks/composition", split=split)
