SELECT name, version FROM feed_rule_versions
