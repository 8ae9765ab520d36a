-- Read no file but these from here on, and lock the configuration for the life of the connection.
-- $files: list of paths and URLs.
SET allowed_paths = $files;
SET enable_external_access = false;
SET lock_configuration = true
