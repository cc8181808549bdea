"""Ask a model for cases of a dataset: proposals that a person chooses from."""
