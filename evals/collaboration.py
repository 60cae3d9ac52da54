"""Does the assistant work with a person as a good colleague would?"""

from inspect_ai import Task, task

from tastemaker.task import rubric_task


@task
def collaboration_ask_or_act(split: str = "dev") -> Task:
    """What decides the work is asked for; what does not is done, and told at most."""
    return rubric_task(
        rubric="collaboration/ask-or-act", dataset="collaboration/ask-or-act", split=split
    )


@task
def collaboration_follow_up(split: str = "dev") -> Task:
    """One good question where it moves things on, and none where nobody wants one."""
    return rubric_task(
        rubric="collaboration/follow-up", dataset="collaboration/follow-up", split=split
    )
