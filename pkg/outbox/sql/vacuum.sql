VACUUM outbox
