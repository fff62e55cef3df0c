"""The command line of the tracking service."""

import argparse
import os
import socket
import sys
from pathlib import Path

import msgspec

from servicekit import migrations, telemetry
from servicekit.errors import AppError
from servicekit.http_server import bind
from servicekit.lifecycle import run_process
from tracking import maintenance, settings
from tracking.gateway.api import native as native_app
from tracking.processes.aggregator import aggregator
from tracking.processes.gateway import gateway
from tracking.processes.workers import run_workers
from tracking.processes.workspace import workspace

AGGREGATOR_NICENESS = 5  # nice value: totals may be late, uploads must not


def _serve_gateway(listener: socket.socket) -> None:
    config = settings.GatewaySettings()
    telemetry.configure("tracking-gateway", config.log_level)
    run_process(gateway(config, listener))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tenantry-tracking", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("migrate", help="bring the database to the newest version (needs the owner's role)")
    commands.add_parser("gateway", help="answer desktop trackers")
    commands.add_parser("aggregator", help="fold claims into totals and publish the aggregate feed")
    commands.add_parser("workspace", help="serve the pages of admins and employees")
    commands.add_parser("describe", help="print the gateway's OpenAPI description")
    commands.add_parser("reconcile", help="recompute all totals from raw rows; exit 1 when any differs")
    commands.add_parser("recount", help="recompute all days from the stored hours")
    sign_ins = commands.add_parser(
        "sign-ins", help="list accounts and networks whose sign-ins are blocked, or unblock one"
    )
    sign_ins.add_argument("--lift", metavar="E-MAIL|ADDRESS", help="unblock this e-mail or address in every company")
    commands.add_parser("rebuild-feed", help="publish every month of every company again")
    recover = commands.add_parser(
        "recover-admin", help="print a one-time link that sets an admin's password; prompts for the company key"
    )
    recover.add_argument("--email", required=True, help="of an active admin of the company")
    seed = commands.add_parser("seed-demo", help="create demonstration data")
    seed.add_argument("--file", type=Path, required=True, help="the data, as JSON")
    return parser


def cli() -> None:
    """Runs `tenantry-tracking COMMAND`."""
    arguments = _parser().parse_args()
    match arguments.command:
        case "migrate":
            migrations.upgrade(settings.MigrateSettings().migration_database_url, "tracking.db.store")
        case "gateway":
            config = settings.GatewaySettings()
            run_workers(_serve_gateway, bind(config.gateway_listen), config.gateway_workers, config.drain_seconds)
        case "aggregator":
            os.nice(AGGREGATOR_NICENESS)
            telemetry.configure("tracking-aggregator", settings.AggregatorSettings().log_level)
            run_process(aggregator(settings.AggregatorSettings()))
        case "workspace":
            pages = settings.WorkspaceSettings()
            telemetry.configure("tracking-workspace", pages.log_level)
            run_process(workspace(pages, bind(pages.workspace_listen)))
        case "describe":
            sys.stdout.buffer.write(native_app.description())
        case "reconcile":
            run_process(maintenance.reconcile_all(settings.MaintenanceSettings()))
        case "recount":
            run_process(maintenance.recount_all(settings.MaintenanceSettings()))
        case "sign-ins":
            run_process(maintenance.sign_ins(settings.MaintenanceSettings(), lift=arguments.lift))
        case "rebuild-feed":
            run_process(maintenance.rebuild_all(settings.MaintenanceSettings()))
        case "recover-admin":
            recovery = settings.RecoverySettings()
            telemetry.configure("tracking-recover-admin", recovery.log_level)
            try:
                run_process(maintenance.recover(recovery, email=arguments.email, key=maintenance.read_key()))
            except AppError as error:
                sys.exit(error.message)
        case "seed-demo":
            run_process(
                maintenance.seed_demo(settings.CommandSettings(), msgspec.json.decode(arguments.file.read_bytes()))
            )


if __name__ == "__main__":
    cli()
