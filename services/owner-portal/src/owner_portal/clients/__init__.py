"""tenancy and billing over gRPC, translated into the words of the domain."""
