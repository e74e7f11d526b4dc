"""A client's home: its pairs, what they moved, and what happened lately."""
