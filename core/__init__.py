"""The service layer of Attune: a folder is a feature, a file is shared plumbing."""

VERSION = "0.1.0"
