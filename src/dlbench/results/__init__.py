"""The run folder: the journal, the views made from it, the manifest, and what reads them. Never imports torch."""
