DROP TABLE feed_generators;
DROP TABLE list_items;
DROP TABLE lists;
