"""Ready-made schemas of kinds of records: their columns under any common name, groups, order, templates."""

from dono.corpus.schemas.schema import SCHEMAS, Column, Schema, load_schema, recognise_schema

__all__ = ["SCHEMAS", "Column", "Schema", "load_schema", "recognise_schema"]
