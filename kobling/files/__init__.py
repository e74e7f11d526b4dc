"""Files that people carry between systems: documents, profiles, writing, and reading the answer back. Pure."""

from kobling.files.documents import Document, Line, Party, Problem, Total
from kobling.files.profile import AnswerForm, Column, Profile, RecordType, profile_from_json
from kobling.files.profiles import PROFILES
from kobling.files.reading import Answer, Told, read_answer
from kobling.files.writing import first_lines, problems, write

__all__ = [
    "PROFILES",
    "Answer",
    "AnswerForm",
    "Column",
    "Document",
    "Line",
    "Party",
    "Problem",
    "Profile",
    "RecordType",
    "Told",
    "Total",
    "first_lines",
    "problems",
    "profile_from_json",
    "read_answer",
    "write",
]
