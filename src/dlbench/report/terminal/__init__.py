"""Results on a screen: tables, sentences, progress and curves."""
