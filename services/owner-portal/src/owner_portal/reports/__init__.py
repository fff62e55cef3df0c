"""Reports: companies, usage, growth, revenue, and the movements behind each figure."""
