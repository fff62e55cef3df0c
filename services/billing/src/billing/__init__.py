"""Billing: plans, subscriptions and what they entitle a company to. It knows no employee and no company key."""
