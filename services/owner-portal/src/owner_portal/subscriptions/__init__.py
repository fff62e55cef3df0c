"""Subscriptions: billing page, plan changes, renewal, cancellation, payments."""
