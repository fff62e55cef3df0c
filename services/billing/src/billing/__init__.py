"""Billing: plans, subscriptions, invoices and revenue. It knows no employee and no company key."""
