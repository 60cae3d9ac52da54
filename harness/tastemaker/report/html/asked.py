"""What was asked of replies: the rubrics of a run, for their words, which decide nothing."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tastemaker.errors import UserError
from tastemaker.experiment import PlainEval, TaskEval
from tastemaker.results import Results
from tastemaker.rubric import Rubric, load_rubric


def rubrics(results: Results) -> list[Rubric]:
    """The rubrics of the run that can be read still."""
    experiment, found = results.experiment, []
    ran: Mapping[str, Any] = results.record.get("evals", {})
    for reference, told in zip(experiment.evals, ran.values(), strict=False):
        if isinstance(reference, TaskEval):
            continue
        name = reference.rubric if isinstance(reference, PlainEval) else told["rubric"]
        try:
            found.append(load_rubric(name, experiment.place))
        except UserError:
            continue  # a task file of the user's own may take it from anywhere
    return found


Turned = Callable[[str, str, Mapping[str, str]], bool]
"""Whether a criterion of a principle, met in a scenario with these labels, is bad."""


def turned(found: Iterable[Rubric]) -> Turned:
    """By the weights of some rubrics; what none of them knows is good where it is met."""
    known = {
        (principle, name): criterion
        for rubric in found
        for principle, one in rubric.principles.items()
        for name, criterion in one.criteria.items()
    }

    def of(principle: str, name: str, labels: Mapping[str, str]) -> bool:
        criterion = known.get((principle, name))
        return criterion is not None and criterion.weight_for(labels) < 0

    return of
