-- What left under a grant and when, without opening the messages.
CREATE INDEX outbox_left ON outbox (grant_id, state, begun);
