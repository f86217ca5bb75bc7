SELECT author AS actor_id, toUInt8(if(at_ms >= {from_ms:Int64}, 0, intDiv({from_ms:Int64} - 1 - at_ms, {window_ms:Int64}) + 1)) AS age,
    count() AS mentions
FROM mentioned
GROUP BY author, age
