"""What several reports use."""
