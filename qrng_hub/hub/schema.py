"""The JSON Schema of a run file, for editors."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from qrng_hub.clock import SystemClock
from qrng_hub.config import RunFile
from qrng_hub.records import Record
from qrng_hub.registry import Registry


def run_file_schema() -> dict[str, Any]:
    """Makes the JSON Schema of a run file, with the settings and options of every installed adapter."""
    registry = Registry({}, SystemClock())
    classes = {name: registry.adapter_class(name) for name in registry.names()}
    models: list[type[Record]] = [
        RunFile,
        *(m for cls in classes.values() for m in (cls.settings_model, cls.options_model)),
    ]
    references, schema = models_json_schema([(model, "validation") for model in dict.fromkeys(models)])
    of_model = {model: reference for (model, _), reference in references.items()}
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema.update(of_model[RunFile])
    definitions = schema["$defs"]
    definitions["RunFile"]["properties"]["adapters"]["properties"] = {
        name: of_model[cls.settings_model] for name, cls in classes.items()
    }
    definitions["BackendSettings"]["allOf"] = [
        {
            "if": {"properties": {"address": {"pattern": f"^{name}:"}}},
            "then": {"properties": {"options": of_model[cls.options_model]}},
        }
        for name, cls in classes.items()
    ]
    return schema
