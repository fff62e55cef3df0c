"""The file run.json: addresses and credentials of the running platform, and the keys of the demo's companies."""

import json
from pathlib import Path
from typing import Any

from tenantry_ops.files import write_private
from tenantry_ops.home import Home


class RunFile:
    """The file in the platform's home. Other processes write parts of it, so each change reads it first."""

    def __init__(self, home: Path) -> None:
        self._path = Home(home).run

    def read(self) -> dict[str, Any]:
        """Returns the content; empty if the file does not exist."""
        return json.loads(self._path.read_text()) if self._path.exists() else {}

    def companies(self) -> list[dict[str, Any]]:
        """Returns the demo's companies: id, name, key, admin, employees, seeded."""
        found: list[dict[str, Any]] = self.read().get("companies", [])
        return found

    def put_company(self, company: dict[str, Any]) -> None:
        """Adds a company, or replaces the one with the same name."""
        content = self.read()
        others = [other for other in content.get("companies", []) if other["name"] != company["name"]]
        write_private(self._path, json.dumps({**content, "companies": [*others, company]}, indent=2) + "\n")
