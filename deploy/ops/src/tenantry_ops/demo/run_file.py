"""run.json: what the running platform says about itself, and where the demo keeps the companies' keys."""

import json
from pathlib import Path
from typing import Any

from tenantry_ops.files import write_private
from tenantry_ops.home import Home


class RunFile:
    """The file in the platform's home. Others write other parts of it, so each change reads it afresh."""

    def __init__(self, home: Path) -> None:
        self._path = Home(home).run

    def read(self) -> dict[str, Any]:
        """Returns everything; empty when there is no file yet."""
        return json.loads(self._path.read_text()) if self._path.exists() else {}

    def companies(self) -> list[dict[str, Any]]:
        """Returns the demo's companies: id, name, key, admin, employees, seeded."""
        found: list[dict[str, Any]] = self.read().get("companies", [])
        return found

    def put_company(self, company: dict[str, Any]) -> None:
        """Adds a company, or replaces the one with its name."""
        content = self.read()
        others = [other for other in content.get("companies", []) if other["name"] != company["name"]]
        write_private(self._path, json.dumps({**content, "companies": [*others, company]}, indent=2) + "\n")
