"""Does the assistant fit the person it talks to, and stay fitted?"""

from inspect_ai import Task, task

from tastemaker.task import rubric_task


@task
def personal_form(split: str = "dev") -> Task:
    """The form that serves: a sentence, a list, a table, a chart, a small app; looks as wished."""
    return rubric_task(rubric="personal/form", dataset="personal/form", split=split)


@task
def personal_implicit(split: str = "dev") -> Task:
    """Habits seen in earlier sessions are used where they serve, and nobody is told of it."""
    return rubric_task(rubric="personal/implicit", dataset="personal/implicit", split=split)


@task
def personal_preferences(split: str = "dev") -> Task:
    """A preference said once is kept in every turn in which it holds."""
    return rubric_task(rubric="personal/preferences", dataset="personal/preferences", split=split)
