"""HTTP: pages for the browser, JSON for scripts, server-sent events for open pages.

A script asks with `Accept: application/json` and sends JSON or a form. It signs in first and keeps the cookie; the
token of the answer goes into the header `X-CSRF-Token` of every request that changes something.

    POST /owner/login/                      {"email", "password"}          200 {"csrf_token"} and the cookie
    POST /owner/logout/                                                    200 {}
    POST /owner/company/create/             {"name", "email", "plan_code", "contact_person"?, "phone"?, "address"?,
                                             "time_zone"?}                 201 {"company", "key"}
    POST /owner/company/<id>/suspend/       {"reason"}                     200 {"company"}
    POST /owner/company/<id>/reactivate/    {"reason"?}                    200 {"company"}
    POST /owner/company/<id>/rotate-key/    {"reason"?, "key_hint"?}       200 {"company", "key"}

With the header `Idempotency-Key` a request to create, suspend, reactivate or rotate may be repeated for a day: it has
one effect and each time the same answer, the key included.

`company` is {"id", "name", "email", "contact_person", "phone", "address", "time_zone", "state", "key_hint",
"created_at"}; `state` is ACTIVE or SUSPENDED. A `key_hint` that is not the present key's makes a rotation a conflict:
repeating one by accident replaces no second key. Errors are {"error": {"kind", "message"}} with the status of the
kind: invalid_input 400, not_authenticated 401, forbidden 403, not_found 404, conflict 409, refused 409, too_large 413,
rate_limited 429, unavailable 503.
"""
