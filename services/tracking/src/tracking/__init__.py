"""The tracking service: what employees' trackers report, counted exactly, with strict isolation between companies."""
