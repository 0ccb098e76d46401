-- The least HDCP type of an account's FairPlay licences; NULL: none.

ALTER TABLE accounts ADD COLUMN min_hdcp_type INTEGER CHECK (min_hdcp_type BETWEEN 0 AND 1);
