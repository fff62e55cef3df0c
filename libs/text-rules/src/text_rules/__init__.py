"""One set of rules for text that people type or their machines report; docs/security.md, "Text from people"."""
