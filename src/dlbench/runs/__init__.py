"""The run folder on disk: the journal, the manifest, the tables made from them, locks, repair and export."""
