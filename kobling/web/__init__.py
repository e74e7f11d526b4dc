"""Pages, a folder per subject: thin, over services. One list mechanism; nothing here calls a vendor."""
