"""What readers of several formats are made of."""
