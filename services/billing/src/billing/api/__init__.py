"""gRPC: who may call what, and the translation between messages and values."""
