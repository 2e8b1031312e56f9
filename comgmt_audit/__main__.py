"""``python -m comgmt_audit``: the command line."""

from comgmt_audit.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
