"""Pictures from outside, made safe: their structure is checked first, decoding happens in a process of its own."""
