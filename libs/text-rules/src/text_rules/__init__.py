"""Rules for text that people enter or their machines report; see docs/security.md, "Text from people"."""
