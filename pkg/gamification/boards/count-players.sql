SELECT count(*) AS players FROM players
