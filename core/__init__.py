"""The service layer of Attune: each folder is a feature or shared by features."""

VERSION = "0.1.0"
