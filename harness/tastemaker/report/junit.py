"""Results as JUnit XML: one test case a principle and candidate, so that CI lists them."""

import re
from xml.etree import ElementTree

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from tastemaker.escaping import plain
from tastemaker.gate import Outcome, ResourceVerdict, Verdict
from tastemaker.report.data import exit_code
from tastemaker.report.words import Line, level, line, sizes
from tastemaker.results import Results

NOT_XML = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(results: Results) -> str:
    """One suite a candidate; what fails the build is a failure, what nobody can tell an error.

    A principle that does not block is skipped with its verdict, and so is what is inconclusive
    where the experiment lets that pass. An incomplete run has an error of its own.
    """
    suites = JUnitXml(_xml(results.experiment.name))
    lenient = results.decision.outcome is Outcome.INCONCLUSIVE and exit_code(results) == 0
    for candidate in results.experiment.candidates:
        suite = TestSuite(_xml(candidate))
        if results.decision.outcome is Outcome.INCOMPLETE:
            suite.add_testcase(_incomplete(results, candidate))
        for verdict in results.decision.verdicts:
            if verdict.candidate == candidate:
                suite.add_testcase(_case(results, verdict, lenient=lenient))
        for limit in results.decision.resources:
            if limit.candidate == candidate:
                suite.add_testcase(_limit(results, limit, lenient=lenient))
        suites.add_testsuite(suite)
    suites.update_statistics()  # type: ignore[no-untyped-call]
    # By the standard library: junitparser takes lxml where it is, which writes otherwise.
    root = ElementTree.fromstring(suites.tostring())  # type: ignore[no-untyped-call]
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, "unicode")}\n'


def _case(results: Results, verdict: Verdict, *, lenient: bool) -> TestCase:
    told = line(verdict)
    text = _numbers(results, verdict, told)
    case = TestCase(_xml(told.principle), classname=_class(results, verdict.candidate))
    _judge(case, told.verdict, text, verdict, blocking=verdict.rule.blocking, lenient=lenient)
    return case


def _limit(results: Results, limit: ResourceVerdict, *, lenient: bool) -> TestCase:
    case = TestCase(limit.resource, classname=_class(results, limit.candidate))
    _judge(case, limit.outcome, limit.reason, limit, blocking=limit.rule.blocking, lenient=lenient)
    return case


def _judge(
    case: TestCase,
    word: str,
    text: str,
    verdict: Verdict | ResourceVerdict,
    *,
    blocking: bool,
    lenient: bool,
) -> None:
    if verdict.holds:
        case.system_out = _xml(text)
        return
    if not blocking or (lenient and not verdict.breaks):
        result: Skipped | Failure | Error = Skipped(_xml(word), "verdict")
    elif verdict.breaks:
        result = Failure(_xml(word), "verdict")
    else:
        result = Error(_xml(word), "verdict")
    result.text = _xml(text)
    case.result = [result]


def _numbers(results: Results, verdict: Verdict, told: Line) -> str:
    baseline = results.experiment.baseline_name
    return "\n".join(
        [
            told.reason,
            f"{baseline} {told.baseline}, {verdict.candidate} {told.candidate}, difference "
            f"{told.difference} ({level(results)} {told.interval}), margin {told.margin}; "
            f"{sizes([verdict])}.",
            *told.beside,
        ]
    )


def _incomplete(results: Results, candidate: str) -> TestCase:
    case = TestCase("complete", classname=_class(results, candidate))
    error = Error("incomplete", "verdict")
    error.text = _xml("\n".join(results.decision.reasons))
    case.result = [error]
    return case


def _class(results: Results, candidate: str) -> str:
    return _xml(f"{results.experiment.name}.{candidate}")


def _xml(text: str) -> str:
    """Text in which every character may stand in XML; line ends stay."""
    return NOT_XML.sub("\ufffd", "\n".join(plain(one) for one in text.split("\n")))
