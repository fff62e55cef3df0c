"""Companies and their keys."""
