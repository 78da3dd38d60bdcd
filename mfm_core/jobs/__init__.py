"""Jobs: long work that outlives the page that asked for it, in a folder of small files, done one at a time."""
