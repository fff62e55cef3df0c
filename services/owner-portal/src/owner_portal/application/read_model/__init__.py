"""What the portal holds of others: companies, subscriptions, revenue, usage, and its building anew."""
