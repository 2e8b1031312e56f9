"""Write and build the catalogue site."""

import shutil

from tests.lab.catalogue import guide, site

if __name__ == "__main__":
    site.write(guide.ROOT / "build" / "catalogue")
    built = site.build(guide.ROOT / "build" / "catalogue")
    shutil.rmtree(guide.ROOT / "site", ignore_errors=True)
    shutil.move(built, guide.ROOT / "site")
