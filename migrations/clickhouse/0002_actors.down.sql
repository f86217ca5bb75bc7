DROP TABLE profiles;
DROP TABLE odd_keys;
DROP VIEW accounts;
DROP TABLE actors;
