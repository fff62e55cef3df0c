"""The options of `tenantry`, from the caller's environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class UsageError(ValueError):
    """The command cannot run with these options; the message says what to change."""


@dataclass(frozen=True)
class Options:
    """Home, ports and modes of a platform."""

    home: Path
    portal_port: int = 8000
    gateway_port: int = 8080
    workspace_port: int = 8090
    gateway_workers: int = 2
    demo: bool = True
    detach: bool = False
    log_level: str = "INFO"

    @classmethod
    def from_environment(cls, variables: Mapping[str, str] = os.environ) -> "Options":
        """Reads TENANTRY_HOME, *_PORT, GATEWAY_WORKERS, DEMO, DETACH, LOG_LEVEL. Raises UsageError."""
        options = cls(
            home=Path(variables.get("TENANTRY_HOME") or ".tenantry").absolute(),
            portal_port=_number(variables, "PORTAL_PORT", 8000, 65_535),
            gateway_port=_number(variables, "GATEWAY_PORT", 8080, 65_535),
            workspace_port=_number(variables, "WORKSPACE_PORT", 8090, 65_535),
            gateway_workers=_number(variables, "GATEWAY_WORKERS", 2, 64),
            demo=variables.get("DEMO", "1") != "0",
            detach=variables.get("DETACH", "0") not in {"", "0"},
            log_level=variables.get("LOG_LEVEL", "INFO"),
        )
        if len(set(options.public_ports().values())) < 3:
            raise UsageError("PORTAL_PORT, GATEWAY_PORT and WORKSPACE_PORT must be three different ports")
        return options

    def public_ports(self) -> dict[str, int]:
        """Returns the ports people know, by the variable that sets each."""
        return {
            "PORTAL_PORT": self.portal_port,
            "GATEWAY_PORT": self.gateway_port,
            "WORKSPACE_PORT": self.workspace_port,
        }


def _number(variables: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = variables.get(name) or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise UsageError(f"{name} is {text!r}: set it to a number from 1 to {most}")
    return int(text)
