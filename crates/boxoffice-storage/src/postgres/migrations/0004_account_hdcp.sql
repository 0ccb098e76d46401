-- The least HDCP type of an account's FairPlay licences; NULL: none.

ALTER TABLE accounts ADD COLUMN IF NOT EXISTS min_hdcp_type BIGINT CHECK (min_hdcp_type BETWEEN 0 AND 1);
