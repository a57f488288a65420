"""How results are shown: tables and progress on screens, figures in files. The only printing beside cli/."""
