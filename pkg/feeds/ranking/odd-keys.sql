-- Record keys that are no TID, as they are written.
SELECT key, any(rkey) AS text FROM odd_keys WHERE key IN {keys:Array(UInt64)} GROUP BY key
