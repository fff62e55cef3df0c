"""The texts that may reach the owner portal: none in the aggregate feed, and in gRPC only those listed here."""

import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

FEED = "contracts.tracking.v1"
SERVICES = ("contracts.tenancy.v1", "contracts.billing.v1")
FOR_TRACKING = {"ListAccessChanges", "ReportKeyUse", "ReportSync", "ListEntitlementChanges"}
NUMBERS = {
    FieldDescriptor.CPPTYPE_INT32,
    FieldDescriptor.CPPTYPE_INT64,
    FieldDescriptor.CPPTYPE_UINT32,
    FieldDescriptor.CPPTYPE_UINT64,
}

_AUDIT = "id actor action caller company_id reason request_id hash"
# tenancy and billing only know customers and owners, so they have no text about employees.
TEXTS = {
    "tenancy.v1.Company": "id name email contact_person phone address time_zone key_hint logo_digest",
    "tenancy.v1.CreateCompanyResponse": "key",
    "tenancy.v1.RotateKeyResponse": "key",
    "tenancy.v1.Key": "id hint pepper_id",
    "tenancy.v1.GetLogoResponse": "content media_type digest",
    "tenancy.v1.SyncTime": "company_id",
    "tenancy.v1.ListAuditEntriesResponse": "next_page_token",
    "tenancy.v1.AuditEntry": _AUDIT,
    "tenancy.v1.AuditEntry.BeforeEntry": "key value",
    "tenancy.v1.AuditEntry.AfterEntry": "key value",
    "tenancy.v1.VerifyAuditResponse": "hash flaw",
    "billing.v1.Subscription": "company_id plan_code",
    "billing.v1.Money": "currency",
    "billing.v1.Action": "actor reason idempotency_key request_id",
    "billing.v1.ScheduledChange": "id company_id outcome",
    "billing.v1.Plan": "code name",
    "billing.v1.InvoiceLine": "id company_id plan_code",
    "billing.v1.Payment": "id company_id method reference reverses",
    "billing.v1.Refusal": "reason",
    "billing.v1.PlanShare": "plan_code",
    "billing.v1.PlanVersionEffect": "company_id",
    "billing.v1.KeptSubscription": "company_id",
    "billing.v1.PreviewPlanVersionResponse": "next_company_id",
    "billing.v1.MoveSubscriptionsResponse": "moved_company_ids next_company_id",
    "billing.v1.AuditEntry": _AUDIT,
    "billing.v1.AuditEntry.AskedEntry": "key value",
    "billing.v1.AuditEntry.OutcomeEntry": "key value",
    "billing.v1.VerifyAuditResponse": "hash flaw",
}
ALLOWED = {f"contracts.{message}.{field}" for message, fields in TEXTS.items() for field in fields.split()}


def compiled(folder: Path) -> DescriptorPool:
    """Reads the contracts below `folder` from their sources, not from the generated code."""
    files = [str(path.relative_to(folder)) for path in sorted((folder / "contracts").rglob("*.proto"))]
    target = folder / "descriptors.binpb"
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I", ".", "--include_imports"]
    subprocess.run([*command, f"--descriptor_set_out={target}", *files], cwd=folder, check=True)
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(target.read_bytes()).file:
        pool.Add(file)
    return pool


def copied(protos: Path, folder: Path) -> Path:
    """Copies the contracts, to be modified."""
    shutil.copytree(protos / "contracts", folder / "contracts")
    return folder


def personal(folder: Path) -> list[str]:
    """Returns every field that could carry more to the portal than allowed; empty if the contracts are correct."""
    pool = compiled(folder)
    feed = [field.full_name for field in _fields(_messages(pool, folder, FEED)) if not _is_number_or_company(field)]
    answers = [field.full_name for field in _fields(_answers(pool, folder)) if _is_text(field)]
    return [*feed, *(name for name in answers if name not in ALLOWED)]


def _messages(pool: DescriptorPool, folder: Path, package: str) -> Iterator[Descriptor]:
    for path in sorted((folder / package.replace(".", "/")).glob("*.proto")):
        yield from pool.FindFileByName(str(path.relative_to(folder))).message_types_by_name.values()


def _answers(pool: DescriptorPool, folder: Path) -> Iterator[Descriptor]:
    """Returns the response messages of the methods that the portal may call."""
    for package in SERVICES:
        for path in sorted((folder / package.replace(".", "/")).glob("*.proto")):
            for service in pool.FindFileByName(str(path.relative_to(folder))).services_by_name.values():
                yield from (method.output_type for method in service.methods if method.name not in FOR_TRACKING)


def _fields(messages: Iterable[Descriptor]) -> Iterator[FieldDescriptor]:
    """Returns the messages and all nested ones, each once."""
    waiting, seen = list(messages), set()
    while waiting:
        message = waiting.pop()
        if message.full_name in seen:
            continue
        seen.add(message.full_name)
        for field in message.fields:
            if field.message_type is not None:
                waiting.append(field.message_type)
            else:
                yield field


def _is_number_or_company(field: FieldDescriptor) -> bool:
    return field.cpp_type in NUMBERS or field.name == "company_id"


def _is_text(field: FieldDescriptor) -> bool:
    return field.cpp_type == FieldDescriptor.CPPTYPE_STRING
