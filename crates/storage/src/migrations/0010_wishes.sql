-- What a person wishes of the server: JSON; absent means the default of each.
ALTER TABLE users ADD COLUMN wishes TEXT;
