"""One file for one client: written here, taken in by another installation with its couplings kept.

``parts`` says what a client owns, ``packing`` writes it, ``opening`` looks into a file and believes nothing of it,
``unpacking`` puts it into the database. Who may do so is asked in ``kobling/portal/moving.py``, which adds what the
portal keeps.
"""
