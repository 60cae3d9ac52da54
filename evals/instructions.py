"""Does the assistant do what the instruction says: every part of it, in order, exactly?"""

from inspect_ai import Task, task

from tastemaker.task import rubric_task


@task
def instructions_format(split: str = "dev") -> Task:
    """The same job in plain text, Markdown, XML and JSON: right in all, and nothing around it."""
    return rubric_task(rubric="instructions/format", dataset="instructions/format", split=split)


@task
def instructions_multi_step(split: str = "dev") -> Task:
    """Three to eight steps in order: each done, none skipped that counts, none too many."""
    return rubric_task(
        rubric="instructions/multi-step", dataset="instructions/multi-step", split=split
    )


@task
def instructions_selection(split: str = "dev") -> Task:
    """Who or what fits every condition, asked clearly and asked vaguely."""
    return rubric_task(
        rubric="instructions/selection", dataset="instructions/selection", split=split
    )


@task
def instructions_verifiable(split: str = "dev") -> Task:
    """What was asked of a reply's form is done, all of it, where a program can tell."""
    return rubric_task(
        rubric="instructions/verifiable", dataset="instructions/verifiable", split=split
    )
