"""What the owner of the software sees: companies and aggregates, never an employee."""
