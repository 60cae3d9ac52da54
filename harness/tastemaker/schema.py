"""The JSON Schemas of the files that users write, for editors and other tools."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel

from tastemaker.card_spec import CardSpec
from tastemaker.checks.wording import PhraseList
from tastemaker.experiment import Experiment
from tastemaker.rubric import PrinciplesFile, Rubric
from tastemaker.scenario import DatasetFile
from tastemaker.values import Values

DIALECT = "https://json-schema.org/draft/2020-12/schema"

FileKind = Literal["rubric", "dataset", "experiment", "values", "principles", "phrases", "card"]

MODELS: Mapping[FileKind, type[BaseModel]] = {
    "rubric": Rubric,
    "dataset": DatasetFile,
    "experiment": Experiment,
    "values": Values,
    "principles": PrinciplesFile,
    "phrases": PhraseList,
    "card": CardSpec,
}


def schema(kind: FileKind) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one kind of file."""
    return {"$schema": DIALECT, **MODELS[kind].model_json_schema()}
