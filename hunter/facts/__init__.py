"""What ships in data/ and what users write, read strictly into values."""
