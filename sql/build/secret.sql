-- Let DuckDB read an object store as the environment says.
-- $key_id, $secret, $session_token: credentials, empty where the store is public; $region: its
-- region; $endpoint: HOST:PORT of the store; $use_ssl: whether it speaks HTTPS; $requester_pays:
-- whether requests are paid for.
-- noqa: disable=PRS
CREATE SECRET store (
    TYPE s3,
    KEY_ID $key_id,
    SECRET $secret,
    SESSION_TOKEN $session_token,
    REGION $region,
    ENDPOINT $endpoint,
    URL_STYLE 'path',
    USE_SSL $use_ssl,
    REQUESTER_PAYS $requester_pays
)
