"""What every service needs and none of them owns. No word of any service's domain belongs here."""
