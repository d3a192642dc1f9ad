from . import clock, occurrences
