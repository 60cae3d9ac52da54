"""Does the assistant fit the person it talks to, and stay fitted?"""

from inspect_ai import Task, task

from tastemaker.task import rubric_task


@task
def personal_form(split: str = "dev") -> Task:
    """The form that serves: a sentence, a list, a table, a chart, a small app; looks as wished."""
    return rubric_task(rubric="personal/form", dataset="personal/form", split=split)
