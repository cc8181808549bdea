"""Files from elsewhere: recognised, tried, stored in the background, and taken back whole."""
