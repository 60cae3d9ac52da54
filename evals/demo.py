"""Does the assistant write work email that can be sent as it is?"""

from inspect_ai import Task, task

from tastemaker.task import rubric_task


@task
def demo_email(split: str = "dev") -> Task:
    """Everyday work email: ready to send, short, true to what was given, in plain words."""
    return rubric_task(rubric="demo/email", dataset="demo/email", split=split)
