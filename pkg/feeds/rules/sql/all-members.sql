SELECT rkey, did FROM feed_members LIMIT $1
