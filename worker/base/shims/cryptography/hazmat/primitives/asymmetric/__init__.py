"""Keys of two halves."""
