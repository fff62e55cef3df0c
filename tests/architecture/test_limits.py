"""The table of limits in docs/security.md matches the constants, and every row has a test."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

ROW = re.compile(r"^\| ([^|]+) \| ([\d,]+) [a-z]+ \| `([\w.]+):(\w+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
HTTP = "libs/servicekit/tests/test_limits.py::test_as_much_as_is_allowed_and_one_more"
GATEWAY = "services/tracking/tests/gateway/test_limits.py::test_as_much_as_is_allowed_and_one_more"
LARGE = "services/tracking/tests/ingest/test_large_uploads.py"
PORTAL = "services/owner-portal/tests/web/test_limits.py"
WALKED = {
    "Head of a request": HTTP,
    "Fields of a head": HTTP,
    "Time for a head": "libs/servicekit/tests/test_http_server.py::"
    "test_a_head_that_does_not_arrive_ends_the_connection",
    "Chunk sizes and extensions, beyond as many bytes as the body has": "libs/servicekit/tests/test_limits.py::"
    "test_framing_is_limited_relative_to_the_body",
    "Requests in line on a connection": HTTP,
    "Time for a body": "libs/servicekit/tests/test_http_server.py::"
    "test_a_body_that_does_not_arrive_is_refused_and_ends_the_connection",
    "Body of the gateway's ordinary calls": GATEWAY,
    "Body of an upload": "services/tracking/tests/ingest/test_bad_input.py::test_the_largest_upload_is_read",
    "Body that is decoded in the gateway's own process": f"{LARGE}::test_nobody_waits_for_odd_rows",
    "Rows of an upload": f"{LARGE}::test_more_rows_than_a_desktop_can_hold",
    "Braces of an upload, counted as it arrives": f"{LARGE}::"
    "test_more_braces_than_rows_can_have_are_refused_as_they_arrive",
    "Time between a refused large upload of a device and its next one": f"{LARGE}::"
    "test_a_refused_device_waits_before_its_next_large_upload",
    "Rows that are read in the gateway's own process": f"{LARGE}::test_both_ways_give_a_row_the_same_identity",
    "Claims of time in an upload": "services/tracking/tests/ingest/test_upload_reader.py::"
    "test_more_claims_than_any_tracker_makes_are_kept_aside",
    "Large bodies of one company at once, and as much of its desktops' screenshots": f"{LARGE}::test_room_is_shared",
    "Large bodies of a gateway process at once, and as much of screenshots": f"{LARGE}::test_room_is_shared",
    "Batch of records, as sent and expanded": GATEWAY,
    "Beginning of a large body, in which the token must stand": f"{LARGE}::test_a_stranger_is_refused_before_the_rows",
    "Commas of a batch": GATEWAY,
    "Records of a batch": GATEWAY,
    "Screenshot of a desktop, as base64": GATEWAY,
    "Screenshot of the native API": GATEWAY,
    "Pixels of a screenshot": "services/tracking/tests/screenshots/test_hostile_pictures.py::"
    "test_nothing_past_the_cap_reaches_pillow",
    "Pictures in line for decoding": "libs/servicekit/tests/test_turns.py::test_tiny_requests_fill_the_queue_too",
    "Form of the workspace": GATEWAY,
    "Days of a report of use": "services/tracking/tests/reports/test_reports.py::test_the_longest_range",
    "Form of the portal": f"{PORTAL}::test_a_form_as_large_as_is_allowed_and_one_byte_more",
    "Form of the portal with a file": f"{PORTAL}::test_a_form_as_large_as_is_allowed_and_one_byte_more",
    "Logo": f"{PORTAL}::test_a_logo_as_large_as_is_allowed_and_one_byte_more",
    "Search text of the portal": f"{PORTAL}::test_a_search_text_is_cut",
    "Message of a gRPC call": "libs/servicekit/tests/test_rpc_server.py::test_a_request_above_the_limit_is_refused",
    "Statement of a page": "services/tracking/tests/workspace/test_slow_pages.py::"
    "test_a_page_that_takes_too_long_says_so",
}


def limits(root: Path) -> Iterator[tuple[str, str, str, str]]:
    """Yields input, limit, module and constant of each row."""
    section = (root / "docs/security.md").read_text().partition("## Bounded work")[2].partition("\n## ")[0]
    for name, limit, module, constant, _beyond, _spent in ROW.findall(section):
        yield name, limit, module, constant


def test_each_limit_equals_its_constant(root: Path) -> None:
    wrong = {}
    for name, limit, module, constant in limits(root):
        value = getattr(import_module(module), constant)
        if value != int(limit.replace(",", "")):
            wrong[name] = value
    assert wrong == {}


def test_each_limit_has_a_test(root: Path) -> None:
    rows = (root / "docs/security.md").read_text().partition("## Bounded work")[2].partition("\n## ")[0].count(
        "\n| "
    ) - 2
    names = [name for name, *_ in limits(root)]
    assert len(names) == rows, "each row of the table can be read"
    assert set(names) == set(WALKED)


@pytest.mark.parametrize("test", sorted(set(WALKED.values())))
def test_the_tests_exist(root: Path, test: str) -> None:
    path, _, name = test.partition("::")
    assert re.search(rf"^(async )?def {name}\(", (root / path).read_text(), re.MULTILINE)
