"""Errors of datasets."""

from core.errors import Conflict, Forbidden, Invalid, LimitReached, NotFound, TooLarge


class DatasetMissing(NotFound):
    """Dataset not found, or it is not shared with you."""


class DatasetVersionMissing(NotFound):
    """This dataset has no such version."""


class CaseMissing(NotFound):
    """The newest version of this dataset has no such case."""


class CaseChanged(Conflict):
    """Someone else changed this case. Copy your text, then edit the new version."""


class NotYourDataset(Forbidden):
    """Only the owner of this dataset can change it. Export it, and import the file as your own."""


class DatasetNameTaken(Conflict):
    """You already have a dataset with this name. Choose another one."""

    code = "name_taken"


class DatasetFileRefused(Invalid):
    """This file has no cases that can be read."""


class DatasetFileTooLarge(TooLarge):
    """This file is too large."""


class TooManyDatasets(LimitReached):
    """You have 200 datasets. Delete one first."""


class TooManyCases(LimitReached):
    """A dataset can have 10,000 cases. Begin another one."""


class DatasetFull(LimitReached):
    """A dataset can have 100 MiB of texts. Remove cases first, or begin another one."""
