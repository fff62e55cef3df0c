"""What the fields of forms and addresses are called on pages."""

_LABELS = {
    "email": "E-mail",
    "key": "Company key",
    "present": "Current password",
    "new": "New password",
    "target_hours": "Daily target",
    "designation": "Job title",
    "colour": "Color",
    "due_date": "Due",
    "first": "From",
    "last": "To",
}


def label_of(name: str) -> str:
    """The label of a field."""
    return _LABELS.get(name, name.replace("_", " ").capitalize())
