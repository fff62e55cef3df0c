"""The feed cannot identify a person: its messages hold only numbers, dates, the company's id and revisions."""

from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool

from contracts.tracking.v1 import usage_pb2

NUMBERS = {FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_UINT64}
# What a number may mean. A new field is a decision: it is added here by hand, or it does not leave tracking.
MEANINGS = {
    "year",
    "month",
    "day",
    "revision",
    "active_seconds",
    "idle_seconds",
    "employees_active",
    "sessions",
    "screenshots",
    "storage_bytes",
    "seats_used",
}


def violations(message: Descriptor) -> Iterator[str]:
    """Fields through which a person could be named."""
    for extension in message.extension_ranges:
        yield f"{message.name} can be extended: {extension}"
    for field in message.fields:
        inner = field.message_type
        if inner is not None and inner.file.package == message.file.package:
            yield from violations(inner)
        elif field.full_name == "contracts.tracking.v1.CompanyMonth.company_id":
            if field.type != FieldDescriptor.TYPE_STRING or field.is_repeated:
                yield f"{field.full_name} is no id"
        elif field.type not in NUMBERS or field.is_repeated or field.name not in MEANINGS:
            yield field.full_name


def test_the_feed_can_name_nobody() -> None:
    assert list(violations(usage_pb2.CompanyMonth.DESCRIPTOR)) == []


def test_the_contract_has_no_other_message_and_no_service() -> None:
    assert set(usage_pb2.DESCRIPTOR.message_types_by_name) == {"CompanyMonth", "CompanyDay"}
    assert not usage_pb2.DESCRIPTOR.services_by_name


F = FieldDescriptorProto
SCRATCH = {
    "a name": F(name="name", type=F.TYPE_STRING),
    "bytes": F(name="sessions_detail", type=F.TYPE_BYTES),
    "another id": F(name="employee_id", type=F.TYPE_STRING),
    "a number that is somebody": F(name="employee_number", type=F.TYPE_UINT64),
    "letters as numbers": F(name="sessions_list", type=F.TYPE_UINT32, label=F.LABEL_REPEATED),
    "a choice": F(name="sessions_kind", type=F.TYPE_ENUM, type_name=".contracts.tracking.v1.Scratch"),
}


@pytest.mark.parametrize("field", SCRATCH.values(), ids=SCRATCH)
@pytest.mark.parametrize("message", [0, 1], ids=["month", "day"])
def test_a_field_that_could_name_somebody_is_found(message: int, field: FieldDescriptorProto) -> None:
    file = FileDescriptorProto()
    usage_pb2.DESCRIPTOR.CopyToProto(file)
    file.enum_type.add(name="Scratch").value.add(name="SCRATCH_UNSPECIFIED", number=0)
    added = file.message_type[message].field.add()
    added.CopyFrom(field)
    added.number = 100
    if not added.label:
        added.label = F.LABEL_OPTIONAL
    pool = DescriptorPool()
    pool.Add(file)
    found = list(violations(pool.FindMessageTypeByName("contracts.tracking.v1.CompanyMonth")))
    assert [name.rpartition(".")[2] for name in found] == [field.name]
