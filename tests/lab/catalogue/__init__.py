"""The catalogue site: a page for each check, with an example from the lab, beside the pages of ``docs/``.

``python -m tests.lab.catalogue`` writes its Markdown to ``build/catalogue`` and builds it into ``site``.
"""
