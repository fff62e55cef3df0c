"""The demo: invented companies with three months behind them, and a fleet of desktops that goes on working."""
