"""Does the assistant write what people have to put their names to?"""

from inspect_ai import Task, task

from tastemaker.task import rubric_task


@task
def writing_email(split: str = "dev") -> Task:
    """Email that can be sent: to the point, true to what was given, tactful, plain."""
    return rubric_task(rubric="writing/email", dataset="writing/email", split=split)


@task
def writing_cover_letter(split: str = "dev") -> Task:
    """Cover letters that show rather than claim, and claim nothing that was not given."""
    return rubric_task(rubric="writing/cover-letter", dataset="writing/cover-letter", split=split)
