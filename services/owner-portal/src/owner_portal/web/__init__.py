"""HTTP: pages for the browser, JSON for scripts, server-sent events for open pages.

A script asks with `Accept: application/json` and sends JSON or a form. It signs in first and keeps the cookie; the
token of the answer goes into the header `X-CSRF-Token` of every request that changes something.

    POST /owner/login/                      {"email", "password"}          200 {"csrf_token"} and the cookie
    POST /owner/login/code/                 {"challenge", "code"}          the same, see below
    POST /owner/logout/                                                    200 {}
    POST /owner/step-up/                    {"step_up_password", "step_up_code"?}   200 {}
    POST /owner/company/create/             {"name", "email", "plan_code", "contact_person"?, "phone"?, "address"?,
                                             "time_zone"?}                 201 {"company", "key"}

An account with a second factor answers the right password with 401, the kind code_required and a "challenge": that goes
to /owner/login/code/ within five minutes, with a code or a recovery code.

    GET  /owner/owners/                                                    200 {"owners", "invitations"}
    POST /owner/owners/invite/              {"email"}                      201 {"invitation", "link"}
    POST /owner/owners/invitations/<id>/withdraw/                          200 {}
    POST /owner/owners/<id>/deactivate/     {"reason"?}                    200 {}
    GET  /owner/invitation/?token=          without a session              200 {"email", "expires_at"}
    POST /owner/invitation/                 {"token", "password"}          201 {"csrf_token"} and the cookie
    GET  /owner/account/                                                   200 {"email", "sessions", …}
    POST /owner/account/password/           {"present_password", "new_password"}    200 {"csrf_token"} and a new cookie
    POST /owner/account/sessions/<id>/revoke/                              200 {}
    POST /owner/account/sessions/revoke-others/                            200 {"ended"}
    POST /owner/account/second-factor/                                     200 {"secret", "uri"}
    POST /owner/account/second-factor/confirm/   {"code"}                  200 {"recovery_codes"}
    POST /owner/account/second-factor/recovery-codes/                      the same
    POST /owner/account/second-factor/remove/                              200 {}

    GET  /owner/alerts/?state=&kind=&page=                                 200 {"alerts", "matches", "counts", …}
    POST /owner/alerts/acknowledge/         {"alerts": "<company id>:<kind>,…"}    200 {"answered"}
    POST /owner/alerts/snooze/              {"alerts", "days": 1 7 30}     the same
    POST /owner/alerts/reopen/              {"alerts"}                     the same
    POST /owner/alerts/emails/              {"frequency": NEVER HOURLY DAILY}      200 {"frequency"}

    GET  /owner/reports/?days=&months=                                     200 {"companies", "plans", "revenue", …}
    GET  /owner/reports/<chart>.csv         the same range                 200 text/csv
    GET  /owner/reports/movements.csv?figure=                              200 text/csv, the rows behind a figure
    GET  /owner/audit-log/?who=&what=&company=&from=&to=&before=           200 {"entries", "before", "trails", …}
    GET  /owner/audit-log/export.csv        the same filters               200 text/csv
    POST /owner/audit-log/verify/                                          200 {"trails"}
    POST /owner/audit-log/forget/           {"chain", "reason"}            200 {}
    GET  /owner/retention-policy/                                          200 {"plans", "as_of"}
    GET  /owner/retention-policy/<code>/?days=                             200 {"would_change", "would_keep", …}
    POST /owner/retention-policy/<code>/    {"days", "reason", "move"?, "version"?}   200 {"plan", "moved", "kept"}

Below /owner/company/<id>/, each with "reason"? or, where it stands without a question mark, a reason that is demanded:

    POST edit/                   the fields of create that are to change   200 {"company"}
    POST logo/edit/              multipart: logo, or {"remove": "true"}    200 {"company"}
    POST tracking-policy/        the whole policy, switches as "true"      200 {"policy"}
    POST suspend/                {"reason"}                                200 {"company"}
    POST reactivate/             {}                                        200 {"company"}
    POST close/                  {"reason", "confirm": the name}           200 {"company"}
    POST rotate-key/             {"grace"?: none 1h 24h 7d, "key_hint"?}   200 {"company", "key"}
    POST keys/<key id>/revoke/   {}                                        200 {"company", "keys_left"}
    POST change-plan/            {"plan_code", "plan_version"?,
                                  "timing"?: now period-end}               200 {"subscription", "lines", "scheduled"}
    POST scheduled-changes/<change id>/cancel/   {}                        200 {"scheduled"}
    POST renew/                  {}                                        200 {"subscription", "lines", "scheduled"}
    POST extend/                 {"days"}                                  the same
    POST cancel/                 {"reason", "when"?: now period-end}       the same
    POST mark-past-due/          {"reason"}                                the same
    POST record-payment/         {"amount": "99.50", "received_on"?,
                                  "reference"?, "confirm_credit"?: "true"} 200 {"payment", "subscription", "owed"}
    POST payments/<payment id>/reverse/   {"reason"}                       the same

Each address with a page answers a script's GET with what the page shows: the company's own, billing/, keys/, audit/,
tracking-policy/, change-plan/?plan_code=. A part that tenancy or billing told is {"value", "as_of", "fresh",
"problem"}: not fresh is what was told last, at `as_of`.

With the header `Idempotency-Key` a request about a company may be repeated: it has one effect and each time the same
answer, a key included. tenancy remembers that for a day, billing for good.

`company` is {"id", "name", "email", "contact_person", "phone", "address", "time_zone", "state", "key_hint",
"created_at"}; `state` is ACTIVE, SUSPENDED or CLOSED. A `key_hint` that is not the present key's makes a rotation a
conflict: repeating one by accident replaces no second key. `confirm_credit` says that more than is owed is meant: it is
paid in advance. Errors are {"error": {"kind", "message"}} with the status of
the kind: invalid_input 400, not_authenticated 401, forbidden 403, not_found 404, conflict 409, refused 409, too_large
413, rate_limited 429, unavailable 503. Some have names of their own: step_up_required, a 403 that asks for
"step_up_password" (and "step_up_code") beside the fields; suspending, closing, rotating, revoking, changing a plan,
cancelling and taking a payment back, the list of owners, the second factor, the retention policy and forgetting a noted
audit entry need it when the owner has not signed in within the last minutes. Then second_factor_required, a 403 where
every owner has to set one up first.
"""
