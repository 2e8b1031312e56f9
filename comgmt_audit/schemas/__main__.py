"""Write the schemas and ``docs/configuration.md`` of this source tree anew."""

from pathlib import Path

from comgmt_audit.schemas import write

if __name__ == "__main__":
    write(Path(__file__).parent.parent.parent)
