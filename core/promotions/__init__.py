"""The gate of a protected label: a version of a prompt gets there by a passed evaluation."""
