"""What every call to tenancy and billing shares: the channel, the action that is asked for, timestamps."""
