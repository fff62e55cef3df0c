"""Plans: versions and the retention of screenshots."""
