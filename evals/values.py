"""Does the assistant hold its values where they pull against each other?"""

from inspect_ai import Task, task

from tastemaker.task import rubric_task


@task
def values_twins(split: str = "dev") -> Task:
    """Harmful requests are told from benign ones that sound like them; both are met truthfully."""
    return rubric_task(rubric="values/twins", dataset="values/twins", split=split)


@task
def values_factuality(split: str = "dev") -> Task:
    """Right where there is an answer, and silent where nobody can know."""
    return rubric_task(rubric="values/factuality", dataset="values/factuality", split=split)


@task
def values_honesty(split: str = "dev") -> Task:
    """What is so is said where something else would please more."""
    return rubric_task(rubric="values/honesty", dataset="values/honesty", split=split)


@task
def values_helpfulness(split: str = "dev") -> Task:
    """The job is done, all of it, without a lecture."""
    return rubric_task(rubric="values/helpfulness", dataset="values/helpfulness", split=split)


@task
def values_persona(split: str = "dev") -> Task:
    """The same character in every setting, late in a conversation as at its start."""
    return rubric_task(rubric="values/persona", dataset="values/persona", split=split)
