"""What the commands in ``setup/`` stand on: one module per subject, standard library
only.

They run before anything is installed, with the Python that the machine has.
"""
