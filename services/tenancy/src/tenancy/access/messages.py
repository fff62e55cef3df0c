"""Access records as messages of the contract."""

from contracts.tenancy.v1 import keys_pb2
from contracts.tenancy.v1 import tenancy_pb2 as pb
from tenancy.access.rules import Access, AccessKey
from tenancy.companies.messages import STATES
from tenancy.fields.messages import to_optional_timestamp
from tenancy.policies.messages import to_policy


def to_access(access: Access) -> pb.AccessRecord:
    """All that a gateway knows of a company."""
    return pb.AccessRecord(
        company_id=str(access.company_id),
        state=STATES[access.state],
        time_zone=access.time_zone,
        key_digests=[key.digest for key in access.keys if key.valid_until is None],
        revision=access.revision,
        keys=map(_to_access_key, access.keys),
        policy=to_policy(access.policy),
    )


def _to_access_key(key: AccessKey) -> keys_pb2.AccessKey:
    return keys_pb2.AccessKey(
        digest=keys_pb2.KeyDigest(digest=key.digest, pepper_id=key.pepper_id),
        valid_until=to_optional_timestamp(key.valid_until),
    )
