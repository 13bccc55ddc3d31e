"""What `hunter doctor` looks at. It changes nothing: it opens databases that cannot be written, and reads."""
