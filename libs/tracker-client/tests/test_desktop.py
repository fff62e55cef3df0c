"""The simulated desktop keeps, posts and deletes like the real tracker."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from testkit.recorder import Answer, Recorder
from tracker_client import Desktop, ProcessKilled, TrackerClient, Window

UPLOAD = "/api/upload/employee-activity"
EDITOR = Window("Editor", "notes.md")
DOCS = Window("Browser", "Docs", browser=True, domain="docs.example", url="https://docs.example/a")
BLANK = Window("Browser", "New tab", browser=True)


async def at_work(desktop: Desktop) -> None:
    assert await desktop.sign_in("mira@larkspur.example", "secret")
    assert await desktop.start()


def login_data(recorder: Recorder) -> dict[str, Any]:
    answer = recorder.answers["/api/login"]
    assert answer is not None
    data: dict[str, Any] = answer[1]["data"]
    return data


def posted(recorder: Recorder, number: int = -1) -> list[tuple[str, int, str]]:
    rows = recorder.to(UPLOAD)[number].json["activities"]
    return [(row["minute_type"], row["duration_seconds"], row["created_at"]) for row in rows]


async def test_ticks_are_summed_and_deleted_on_200(recorder: Recorder, desktop: Desktop) -> None:
    await at_work(desktop)
    desktop.tick(6)
    desktop.tick(4)
    desktop.tick(5, "INACTIVE")
    await desktop.upload()
    assert posted(recorder) == [("ACTIVE", 10, "2026-03-02 09:00:10"), ("INACTIVE", 5, "2026-03-02 09:00:15")]
    assert await desktop.upload() is None
    assert desktop.truth.ticked == desktop.truth.acknowledged == {"ACTIVE": 10, "INACTIVE": 5}
    assert [(span.seconds, span.kind) for span in desktop.truth.spans] == [(10, "ACTIVE"), (5, "INACTIVE")]


@pytest.mark.parametrize("answer", [(201, {"status": True}), (403, {"status": False}), (500, None), None])
async def test_anything_but_200_keeps_the_rows_and_resends_a_larger_sum(
    recorder: Recorder, desktop: Desktop, answer: Answer
) -> None:
    await at_work(desktop)
    recorder.answers[UPLOAD] = answer
    desktop.tick(10)
    await desktop.upload()
    desktop.tick(10)
    recorder.answers[UPLOAD] = (200, {"status": False})
    await desktop.upload()
    assert posted(recorder) == [("ACTIVE", 20, "2026-03-02 09:00:20")]
    assert desktop.truth.acknowledged == {"ACTIVE": 20}
    assert desktop.truth.rows_posted["activities"] == 2
    assert desktop.truth.rows_acknowledged["activities"] == 1


@pytest.mark.parametrize(("deletes_unsent", "resent", "lost"), [(True, 0, 7), (False, 7, 0)])
async def test_rows_recorded_during_an_upload(
    recorder: Recorder, client: TrackerClient, deletes_unsent: bool, resent: int, lost: int
) -> None:
    desktop = Desktop(client, datetime(2026, 3, 2, 9, tzinfo=UTC), deletes_unsent=deletes_unsent)
    await at_work(desktop)
    desktop.tick(10, window=EDITOR)
    gate = recorder.hold(UPLOAD)
    under_way = asyncio.create_task(desktop.upload())
    await gate.reached.wait()
    desktop.tick(7, window=DOCS)
    gate.opened.set()
    await under_way
    await desktop.upload()
    assert desktop.truth.acknowledged.total() == 10 + resent
    assert desktop.truth.deleted_unsent.total() == lost
    assert desktop.truth.rows_acknowledged["applications"] == (0 if deletes_unsent else 1)


async def test_two_threads_may_post_the_same_rows_under_two_sessions(recorder: Recorder, desktop: Desktop) -> None:
    await at_work(desktop)
    desktop.tick(10)
    await asyncio.gather(desktop.upload(), desktop.upload(session_id=40))
    assert {request.json["work_session_id"] for request in recorder.to(UPLOAD)} == {40, 41}
    assert posted(recorder, 0) == posted(recorder, 1)
    assert desktop.truth.acknowledged == {"ACTIVE": 10}


async def test_leftovers_travel_with_the_next_session_and_person(recorder: Recorder, desktop: Desktop) -> None:
    await at_work(desktop)
    desktop.tick(8)
    assert await desktop.stop()
    assert await desktop.upload() is None
    desktop.tick(60)
    data = login_data(recorder)
    recorder.answers["/api/login"] = (200, {"status": True, "data": {**data, "id": 8, "active_token": "token-2"}})
    recorder.answers["/api/work-session/create"] = (200, {"status": True, "data": {"id": 42}})
    await at_work(desktop)
    desktop.tick(10)
    await desktop.upload()
    assert posted(recorder) == [("ACTIVE", 8, "2026-03-02 09:00:08"), ("ACTIVE", 10, "2026-03-02 09:01:18")]
    body = recorder.to(UPLOAD)[0].json
    assert (body["employee_id"], body["active_token"], body["work_session_id"]) == (8, "token-2", 42)
    assert desktop.truth.ticked == {"ACTIVE": 18}


async def test_a_window_makes_a_row_when_it_closes(recorder: Recorder, desktop: Desktop) -> None:
    await at_work(desktop)
    for window in (EDITOR, DOCS, BLANK, EDITOR):
        desktop.tick(10, window=window)
    desktop.tick(30, "INACTIVE", EDITOR)
    await desktop.upload()
    body = recorder.to(UPLOAD)[0].json
    assert [(row["app_name"], row["active_seconds"], row["created_at"]) for row in body["applications"]] == [
        ("Editor", 10, "2026-03-02 09:00:10")
    ]
    assert [(row["domain"], row["active_seconds"]) for row in body["websites"]] == [("docs.example", 10)]


@pytest.mark.parametrize(
    ("answer", "tracks"),
    [
        ((200, {"status": True}), True),
        ((200, {"status": False, "message": "Suspended"}), False),
        ((403, {"status": False, "message": "Suspended"}), True),
        ((200, [False]), True),
        (None, True),
    ],
)
async def test_only_a_200_with_false_stops_it(
    recorder: Recorder, desktop: Desktop, answer: Answer, tracks: bool
) -> None:
    await at_work(desktop)
    recorder.answers["/api/check-session-active"] = answer
    assert await desktop.poll_session() is tracks
    assert not recorder.to("/api/work-session/stop")


async def test_a_refused_stop_goes_on_tracking(recorder: Recorder, desktop: Desktop) -> None:
    await at_work(desktop)
    recorder.answers["/api/work-session/stop"] = (200, {"status": False, "message": "No"})
    assert not await desktop.stop()
    assert (desktop.tracking, desktop.message) == (True, "No")


async def test_a_reply_that_is_not_an_object_ends_the_process(recorder: Recorder, desktop: Desktop) -> None:
    await desktop.sign_in("mira@larkspur.example", "secret")
    recorder.answers["/api/work-session/create"] = (200, ["started"])
    with pytest.raises(ProcessKilled):
        await desktop.start()


@pytest.mark.parametrize("change", [{"id": "7"}, {"task_note": ...}])
async def test_an_unusable_log_in_fails(recorder: Recorder, desktop: Desktop, change: dict[str, object]) -> None:
    data = {**login_data(recorder), **change}
    data = {name: value for name, value in data.items() if value is not ...}
    recorder.answers["/api/login"] = (200, {"status": True, "data": data})
    assert not await desktop.sign_in("mira@larkspur.example", "secret")
    assert not await desktop.start()


async def test_a_configuration_applies_only_when_its_version_grew(recorder: Recorder, desktop: Desktop) -> None:
    await desktop.sign_in("mira@larkspur.example", "secret")
    for version, threshold in ((1, 10), (3, 60), (3, 90), (2, 120), ("9", 150)):
        config = {"config_version": version, "idle_threshold_seconds": threshold, "screenshot_quality": 80}
        recorder.answers["/api/employee-config/"] = (200, {"status": True, "config": config})
        await desktop.poll_config()
    assert (desktop.config.config_version, desktop.config.idle_threshold_seconds) == (3, 60)


async def test_five_screenshots_are_posted_per_round_and_kept_when_refused(
    recorder: Recorder, desktop: Desktop
) -> None:
    await at_work(desktop)
    for _ in range(6):
        desktop.tick(30)
        desktop.capture(b"\x89PNG")
    await desktop.stop()
    recorder.answers["/api/screenshot/upload"] = (200, {"status": False})
    assert await desktop.upload_screenshots() == 0
    recorder.answers["/api/screenshot/upload"] = (200, {"status": True})
    assert [await desktop.upload_screenshots() for _ in range(3)] == [5, 1, 0]


async def test_a_crash_keeps_the_rows(recorder: Recorder, desktop: Desktop) -> None:
    await at_work(desktop)
    desktop.tick(10)
    desktop.crash()
    assert not recorder.to("/api/work-session/stop")
    await desktop.start()
    await desktop.upload()
    assert desktop.truth.acknowledged == {"ACTIVE": 10}


async def test_an_unreachable_server_loses_nothing(recorder: Recorder, desktop: Desktop) -> None:
    await at_work(desktop)
    recorder.answers["/"] = None
    desktop.tick(10)
    assert await desktop.upload() is None
    assert not recorder.to(UPLOAD)
    assert desktop.now == datetime(2026, 3, 2, 9, tzinfo=UTC) + timedelta(seconds=10)
    assert desktop.tables.snapshot().count() == 1
