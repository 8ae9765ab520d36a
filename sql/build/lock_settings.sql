-- Who may change that?
-- Nobody, as long as the connection lives.
SET lock_configuration = true
