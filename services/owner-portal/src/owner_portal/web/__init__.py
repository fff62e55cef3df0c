"""The shell of all pages: base templates, forms, errors, elements, charts, exports, live updates, built files."""
