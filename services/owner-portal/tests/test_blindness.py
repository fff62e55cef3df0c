"""The owner's blindness is structural: nothing here leads to an employee."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor

import owner_portal
from contracts.tracking.v1 import usage_pb2
from owner_portal import settings

PACKAGE = Path(owner_portal.__file__).parent
NUMERIC = {
    FieldDescriptor.CPPTYPE_INT32,
    FieldDescriptor.CPPTYPE_INT64,
    FieldDescriptor.CPPTYPE_UINT32,
    FieldDescriptor.CPPTYPE_UINT64,
}


def personal_fields(message: Descriptor, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """Fields that could name a person: all but numbers, the company's id, and messages of such fields."""
    for field in message.fields:
        if field.message_type is not None:
            if field.message_type.full_name not in seen:
                yield from personal_fields(field.message_type, seen | {message.full_name})
        elif field.cpp_type not in NUMERIC and field.name != "company_id":
            yield field.full_name


def test_feed_has_numbers_only() -> None:
    messages = usage_pb2.DESCRIPTOR.message_types_by_name
    assert set(messages) == {"CompanyMonth", "CompanyDay"}
    for message in messages.values():
        assert list(personal_fields(message)) == []


@pytest.mark.parametrize("kind", ["TYPE_STRING", "TYPE_BYTES", "TYPE_BOOL", "TYPE_DOUBLE"])
def test_a_personal_field_would_be_found(kind: str) -> None:
    file = descriptor_pb2.FileDescriptorProto(name=f"scratch_{kind}.proto", package=f"scratch.{kind}", syntax="proto3")
    inner = file.message_type.add(name="Inner")
    inner.field.add(name="employee", number=1, type=kind, label="LABEL_OPTIONAL")
    outer = file.message_type.add(name="Outer")
    outer.field.add(name="company_id", number=1, type="TYPE_STRING", label="LABEL_OPTIONAL")
    outer.field.add(
        name="inner", number=2, type="TYPE_MESSAGE", type_name=f".scratch.{kind}.Inner", label="LABEL_REPEATED"
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = list(personal_fields(pool.FindMessageTypeByName(f"scratch.{kind}.Outer")))
    assert found == [f"scratch.{kind}.Inner.employee"]


def test_imports_no_service_but_the_feed() -> None:
    """Of tracking's contracts the feed's message alone, and no module of another service."""
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                assert name.split(".")[0] not in {"tracking", "tenancy", "billing", "tracker_client"}, (file, name)
                if name.startswith("contracts.tracking"):
                    assert name == "contracts.tracking.v1.usage_pb2", (file, name)
    assert usage_pb2.DESCRIPTOR.services_by_name == {}, "the feed's contract offers nothing to call"


def test_declares_no_way_to_tracking() -> None:
    project = tomllib.loads((PACKAGE.parents[1] / "pyproject.toml").read_text())["project"]
    assert not [name for name in project["dependencies"] if "track" in name]


def test_settings_know_no_tracking() -> None:
    for model in (settings.Settings, settings.Rebuild, settings.Database, settings.Migration):
        assert not [name for name in model.model_fields if "track" in name or "ingest" in name or "gateway" in name]
    addresses = {name for name in settings.Settings.model_fields if name.endswith("_address")}
    assert addresses == {"tenancy_address", "billing_address"}
