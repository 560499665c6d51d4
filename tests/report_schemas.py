"""The JSON Schemas of ``report.json`` and of a finding's file, made of the classes that are written there."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import attrs

from fuzzseq.causes.catalog import GROUPS
from fuzzseq.events import InternalError, TargetReport, Unjudged, WarningEmitted
from fuzzseq.files.format_versions import INSPECTION, KEY, REPORT
from fuzzseq.findings import Diagnosis, Finding, Minimality
from fuzzseq.grammar import Between, CauseSlug, Count, FindingId, Seconds
from fuzzseq.reporting.finding_files import FORMAT_VERSION, LIFTED
from fuzzseq.reporting.json_report import counts
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.spec_view import SpecView
from fuzzseq.settings import Settings
from fuzzseq.stop_reason import StopReason
from fuzzseq.targets.spec import Spec
from tests.schema_descriptions import DESCRIPTIONS

Schema = dict[str, Any]
_TEXT: Schema = {"type": "string"}
_VERSIONS: Schema = {"type": "object", "additionalProperties": _TEXT, "required": ["fuzzseq"]}
_ENDINGS = ["rejected", "rejected (unclear error)", "silently accepted", "crashed"]
_ORIGINS: Schema = {
    "type": ["object", "null"],
    "additionalProperties": {"enum": ["declared", "inferred", "default"]},
}
#: A limit that is there to keep numbers workable says nothing to a reader.
_WORKABLE = 2**31
_PLAIN: Mapping[Any, str] = {int: "integer", float: "number", str: "string", bool: "boolean"}


class Definitions:
    """The classes that a schema speaks of, each defined once."""

    def __init__(self) -> None:
        self.made: dict[str, Schema] = {}

    def of(self, kind: Any) -> Schema:
        """Return the schema of a type; a class of attrs is a reference to its definition."""
        origin, args = get_origin(kind), get_args(kind)
        if kind in _PLAIN:
            return {"type": _PLAIN[kind]}
        if kind is Any:
            return {}
        if origin is Annotated:
            return {**self.of(args[0]), **_limits(kind, args[1])}
        if origin is Literal:
            return {"enum": list(args)}
        if isinstance(kind, type) and issubclass(kind, Enum):
            return {"enum": [member.value for member in kind]}
        if origin in (Union, types.UnionType):
            return {"anyOf": [{"type": "null"} if each is type(None) else self.of(each) for each in args]}
        if origin is tuple and args[1:] == (...,):
            return {"type": "array", "items": self.of(args[0])}
        if origin is tuple:
            return {"type": "array", "prefixItems": [self.of(each) for each in args], "items": False}
        if origin is not None and issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": self.of(args[1])}
        return self._reference(kind)

    def fields(self, kind: Any) -> Schema:
        """Return the properties of a class."""
        attrs.resolve_types(kind)
        return {field.name: self.of(field.type) for field in attrs.fields(kind)}

    def define(self, name: str, properties: Schema) -> Schema:
        """Return a reference to an object that has all of these properties, and no other."""
        self.made[name] = closed(name, properties)
        return {"$ref": f"#/$defs/{name}"}

    def _reference(self, kind: Any) -> Schema:
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
        if name not in self.made:
            self.made[name] = {}  # A class may hold values of its own.
            self.define(name, self.fields(kind))
        return {"$ref": f"#/$defs/{name}"}


def _limits(kind: Any, grammar: Any) -> Schema:
    if isinstance(grammar, Between):
        most = {"maximum": grammar.most} if grammar.most < _WORKABLE else {}
        return {**({"minimum": grammar.least} if grammar.least > -_WORKABLE else {}), **most}
    return {"pattern": f"^{grammar.pattern.pattern}$"} if kind in (FindingId, CauseSlug) else {}


def closed(name: str, properties: Schema) -> Schema:
    """Return the schema of an object that has all of these properties, and no other."""
    notes = DESCRIPTIONS.get(name, {})
    described = {
        key: {**each, **({"description": notes[key]} if key in notes else {})} for key, each in properties.items()
    }
    return {
        "type": "object",
        **({"description": notes[""]} if "" in notes else {}),
        "properties": described,
        "required": sorted(properties),
        "additionalProperties": False,
    }


def finding_properties(definitions: Definitions) -> Schema:
    """Return what stands in a finding: its fields, and those of its diagnosis and its minimality beside them."""
    own, diagnosis = definitions.fields(Finding), definitions.fields(Diagnosis)
    for name in ("minimality", "diagnosis"):
        del own[name], definitions.made[name]
    return {
        **own,
        **definitions.fields(Minimality),
        **{name: diagnosis[name] for name in LIFTED},
        "diagnosis_executions": diagnosis["executions"],
        "diagnosis_stopped": diagnosis["stopped"],
        "region_sentence": _TEXT,
        "title": _TEXT,
        "group": {"enum": list(GROUPS)},
    }


def target_properties(definitions: Definitions) -> Schema:
    """Return what stands in the report of a target."""
    own = definitions.fields(TargetReport)
    del own["index"]
    return {
        **own,
        "acceptance": {"type": "object", "additionalProperties": {"enum": _ENDINGS}},
        "spec_origins": _ORIGINS,
        "findings": {"type": "array", "items": definitions.of(FindingId)},
        "never_ran": {"type": "array", "items": _TEXT},
    }


def _document(title: str, name: str, properties: Schema, definitions: Definitions) -> str:
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}
    return json.dumps({**head, **closed(name, properties), "$defs": definitions.made}, indent=2) + "\n"


def finding_schema() -> str:
    """Return the schema of ``<id>.json``."""
    definitions = Definitions()
    properties = {
        **finding_properties(definitions),
        KEY: {"const": FORMAT_VERSION},
        "spec": definitions.of(Spec),
        "versions": _VERSIONS,
    }
    return _document(
        "a finding of fuzzseq, <id>.json, which 'fuzzseq replay' takes", "finding", properties, definitions
    )


def inspection_schema() -> str:
    """Return the schema of what ``fuzzseq inspect --json`` prints."""
    definitions = Definitions()
    properties = {"target": _TEXT, "versions": {**_VERSIONS, "required": []}, "spec": definitions.of(Spec)}
    entry = definitions.define("inspected_target", {**properties, **definitions.fields(SpecView)})
    listed = {KEY: {"const": INSPECTION}, "targets": {"type": "array", "items": entry}}
    return _document("what 'fuzzseq inspect --json' prints", "inspection", listed, definitions)


def report_schema() -> str:
    """Return the schema of ``report.json``."""
    definitions = Definitions()
    settings = definitions.fields(Settings)
    properties = {
        KEY: {"const": REPORT},
        "versions": _VERSIONS,
        "started": _TEXT,
        "seconds": definitions.of(Seconds),
        "stop_reason": definitions.of(StopReason),
        "profile": {"type": ["string", "null"]},
        "seed": {"anyOf": [settings["seed"], {"type": "null"}]},
        "settings": definitions.of(Settings | None),
        "asked": {"type": "array", "items": _TEXT},
        "counts": definitions.define("counts", {name: definitions.of(Count) for name in counts(RunState())}),
        "inconclusive": {"type": "array", "items": definitions.of(Unjudged)},
        "targets": {"type": "array", "items": definitions.define("target", target_properties(definitions))},
        "findings": {"type": "array", "items": definitions.define("finding", finding_properties(definitions))},
        "warnings": {"type": "array", "items": definitions.of(WarningEmitted)},
        "internal_errors": {"type": "array", "items": definitions.of(InternalError)},
    }
    return _document("report.json of fuzzseq", "report", properties, definitions)
