-- What is written to standard output?
-- Answers, and no progress bar of DuckDB's.
SET enable_progress_bar = false
