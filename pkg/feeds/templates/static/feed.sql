-- The posts that the settings list, in their order.
SELECT {posts:Array(String)}[place] AS uri, 1 + length({posts:Array(String)}) - place AS score, if({pinned:UInt8} = 1, 'pin', '') AS reason
FROM (SELECT arrayJoin(arrayEnumerate({posts:Array(String)})) AS place)
