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


@task
def collaboration_steadfast(split: str = "dev") -> Task:
    """Pushed back, it keeps what is true and changes what is not; the push alone moves nothing."""
    return rubric_task(
        rubric="collaboration/steadfast", dataset="collaboration/steadfast", split=split
    )


@task
def collaboration_tone(split: str = "dev") -> Task:
    """The same message at work on a piece and in a talk: terse in the one, company in the other."""
    return rubric_task(rubric="collaboration/tone", dataset="collaboration/tone", split=split)
