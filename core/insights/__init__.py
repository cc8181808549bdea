"""What only all features together can say: the Overview."""
