"""Does the assistant keep for later what it is asked to, and say so only when it can?"""

from inspect_ai import Task, task

from tastemaker.task import rubric_task


@task
def tasks_trigger(split: str = "dev") -> Task:
    """The task list is touched when the user wants that, and only then."""
    return rubric_task(rubric="tasks/trigger", dataset="tasks/trigger", split=split)


@task
def tasks_schedule(split: str = "dev") -> Task:
    """A reminder comes when the user meant: that day, that hour, that rhythm, by that clock."""
    return rubric_task(rubric="tasks/schedule", dataset="tasks/schedule", split=split)


@task
def tasks_several(split: str = "dev") -> Task:
    """Of several things in one request each gets its own task, and none is lost or made up."""
    return rubric_task(rubric="tasks/several", dataset="tasks/several", split=split)


@task
def tasks_proactive(split: str = "dev") -> Task:
    """A reminder nobody asked for is offered where it helps, and set only after a yes."""
    return rubric_task(rubric="tasks/proactive", dataset="tasks/proactive", split=split)


@task
def tasks_composition(split: str = "dev") -> Task:
    """A stored task comes due: the right tools, what it says, nothing else, nobody asked."""
    return rubric_task(rubric="tasks/composition", dataset="tasks/composition", split=split)


@task
def tasks_withheld(split: str = "dev") -> Task:
    """No reminder is promised where none can be set, and the user gets what helps instead."""
    return rubric_task(rubric="tasks/withheld", dataset="tasks/withheld", split=split)
