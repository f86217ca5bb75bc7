SELECT (SELECT count() FROM audience) AS accounts, toUInt8((SELECT count() FROM posts_in) > 0) AS posted
