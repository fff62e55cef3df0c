"""What rises by itself: alerts, their answers, and the digests that tell of them."""
