"""Documents for files, made of what a system's connector reads."""

from kobling.pairs.file_exports.base import HELD, About, FileSource, Held, Rows
from kobling.pairs.file_exports.pleo import PLEO
from kobling.pairs.file_exports.recman import RECMAN
from kobling.pairs.file_exports.simply_crm import SIMPLY_CRM

SOURCES = {each.connector: each for each in (RECMAN, SIMPLY_CRM, PLEO)}

__all__ = ["HELD", "SOURCES", "About", "FileSource", "Held", "Rows"]
