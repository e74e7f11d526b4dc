"""What callers are told: frozen results with the names that scripts see, never a row of the database.

A page, a mail and the command line show the same; what is secret has no place here. Sentences are ``Said``, so that
whoever shows them translates them.
"""
