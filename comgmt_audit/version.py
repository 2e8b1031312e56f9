"""The version of comgmt-audit; a module of its own, for recordings and scans name it and import nothing else."""

__version__ = "0.1.0"
