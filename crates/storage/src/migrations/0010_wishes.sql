-- What a person wishes of the server: JSON; absent means the default of each.
-- removal: since when everything of them is being removed. Nothing lets them in any more.
ALTER TABLE users ADD COLUMN wishes TEXT;
ALTER TABLE users ADD COLUMN removal INTEGER;
