-- Turn off the progress bar: standard output carries results only.
SET enable_progress_bar = false
