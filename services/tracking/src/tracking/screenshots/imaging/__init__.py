"""Makes untrusted pictures safe: their structure is checked first, and a separate process decodes them."""
