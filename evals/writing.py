"""Does the assistant write as the genre asks: stories, summaries, second drafts, mail, posts?"""

from inspect_ai import Task, task

from tastemaker.task import rubric_task


@task
def writing_fiction(split: str = "dev") -> Task:
    """Short fiction: the form that was asked for, somebody's voice, and not everybody's story."""
    return rubric_task(rubric="writing/fiction", dataset="writing/fiction", split=split)


@task
def writing_thread_summary(split: str = "dev") -> Task:
    """Summaries of long threads: what holds at the end, whose it is, and what is not settled."""
    return rubric_task(
        rubric="writing/thread-summary", dataset="writing/thread-summary", split=split
    )


@task
def writing_revision(split: str = "dev") -> Task:
    """Second drafts, critiques that point at words, and lists gone on with at the user's level."""
    return rubric_task(rubric="writing/revision", dataset="writing/revision", split=split)


@task
def writing_email(split: str = "dev") -> Task:
    """Email that can be sent: to the point, true to what was given, tactful, plain."""
    return rubric_task(rubric="writing/email", dataset="writing/email", split=split)


@task
def writing_cover_letter(split: str = "dev") -> Task:
    """Cover letters that show rather than claim, and claim nothing that was not given."""
    return rubric_task(rubric="writing/cover-letter", dataset="writing/cover-letter", split=split)


@task
def writing_blog(split: str = "dev") -> Task:
    """Blog posts with something to say: from the particulars given, in somebody's voice."""
    return rubric_task(rubric="writing/blog", dataset="writing/blog", split=split)
