extension RedisScript {
    /// The time of the node that has the key: seconds and microseconds, as texts. A script because `TIME` alone goes to any node.
    static let time = RedisScript("return redis.call('TIME')")

    /// Reads a task to change it.
    ///
    /// Keys: task, order, owner, absent. Returns the version, the large parts, the record, the mutations and each part that
    /// may be apart; how many live tasks the owner has; and whether sweepers were told of the owner.
    static let load = RedisScript(loading + "return load()")

    /// Changes a task in one step, unless somebody else did meanwhile.
    ///
    /// Keys: task, order, owner, due, graves, absent. Arguments, empty where there is none: 1 the version that the change is based
    /// on; 2 the new version; 3 and 4 the old and the new place with the status before it; 5 and 6 the old and the new
    /// place; 7 when the task is due; 8 whether it is a tombstone; 9 after how many milliseconds Redis may forget the task by
    /// itself; 10 by how much the number of tasks grows that it may not forget; 11 how many tombstones are kept; 12 the
    /// prefix of tasks; 13 how many fields go; their names; then names and values of fields.
    ///
    /// Versions are random. One that is there already tells that this very change was made and only its reply was lost, so
    /// that it may be sent again. Returns a task as ``load`` does where another change came first; else when to look at the
    /// owner, or 0 where that is known.
    ///
    /// The hash of the owner has `n`, the number of tasks that Redis may not forget; `u`, until when the others need the
    /// keys of the owner; `r`, when the owner was announced to sweepers last.
    static let store = RedisScript(
        loading + """
            local version = redis.call('HGET', KEYS[1], 'v')
            if version and version == ARGV[2] then
                -- Whether sweepers were told of the owner is not known, either.
                return redis.call('ZRANGE', KEYS[4], 0, 0, 'WITHSCORES')[2] or redis.call('TIME')[1] .. '000'
            end
            if (version or '') ~= ARGV[1] then return load() end

            local time = redis.call('TIME')
            local now = time[1] * 1000 + math.floor(time[2] / 1000)
            local isNew = {}
            for i = 2, 5 do isNew[i] = redis.call('EXISTS', KEYS[i]) == 0 end
            local first = redis.call('ZRANGE', KEYS[4], 0, 0, 'WITHSCORES')[2]

            -- What needs memory comes first: a Redis that has none left refuses it before anything is written.
            if ARGV[2] ~= '' then
                local fields = {'v', ARGV[2]}
                for i = 14 + ARGV[13], #ARGV do fields[#fields + 1] = ARGV[i] end
                redis.call('HSET', KEYS[1], unpack(fields))
                for i = 14, 13 + ARGV[13] do redis.call('HDEL', KEYS[1], ARGV[i]) end
                if ARGV[9] ~= '' then
                    redis.call('PEXPIRE', KEYS[1], ARGV[9])
                else
                    redis.call('PERSIST', KEYS[1])
                end
            else
                redis.call('DEL', KEYS[1])
            end

            if ARGV[3] ~= ARGV[4] then
                if ARGV[3] ~= '' then redis.call('ZREM', KEYS[2], ARGV[3]) end
                if ARGV[4] ~= '' then redis.call('ZADD', KEYS[2], 0, ARGV[4]) end
            end
            if ARGV[5] ~= ARGV[6] and ARGV[5] ~= '' then
                redis.call('ZREM', KEYS[4], ARGV[5])
                redis.call('ZREM', KEYS[5], ARGV[5])
            end
            if ARGV[6] ~= '' then
                if ARGV[7] ~= '' then
                    redis.call('ZADD', KEYS[4], ARGV[7], ARGV[6])
                else
                    redis.call('ZREM', KEYS[4], ARGV[6])
                end
                if ARGV[8] ~= '' then
                    redis.call('ZADD', KEYS[5], ARGV[7], ARGV[6])
                    while redis.call('ZCARD', KEYS[5]) > tonumber(ARGV[11]) do
                        local place = redis.call('ZPOPMIN', KEYS[5])[1]
                        redis.call('ZREM', KEYS[4], place)
                        redis.call('DEL', ARGV[12] .. string.sub(place, \(RedisKeys.placeDigits + 1)))
                    end
                else
                    redis.call('ZREM', KEYS[5], ARGV[6])
                end
            end

            local lasting
            if ARGV[10] ~= '0' then
                lasting = redis.call('HINCRBY', KEYS[3], 'n', ARGV[10])
            else
                lasting = tonumber(redis.call('HGET', KEYS[3], 'n') or 0)
            end
            local known = tonumber(redis.call('HGET', KEYS[3], 'u') or 0)
            -- An hour more than needed, in whole hours, so that it seldom moves.
            local hours = math.floor((now + tonumber(ARGV[9] ~= '' and ARGV[9] or 0)) / 3600000) + 2
            local until_ = math.max(known, hours * 3600000)
            if until_ > known then redis.call('HSET', KEYS[3], 'u', string.format('%d', until_)) end

            local announced = tonumber(redis.call('HGET', KEYS[3], 'r') or 0)
            local next = redis.call('ZRANGE', KEYS[4], 0, 0, 'WITHSCORES')[2]
            local isNews = now - announced > 60000 or (next and (not first or tonumber(next) < tonumber(first)))
            if isNews then redis.call('HSET', KEYS[3], 'r', string.format('%d', now)) end

            for i = 2, 5 do
                if until_ > known or ARGV[10] ~= '0' or isNew[i] then
                    if lasting > 0 then
                        redis.call('PERSIST', KEYS[i])
                    else
                        redis.call('PEXPIREAT', KEYS[i], string.format('%d', until_))
                    end
                end
            end
            -- Only a hint: where Redis does not let us announce it, the change stands.
            redis.pcall('SPUBLISH', KEYS[1], '')
            if not isNews then return 0 end
            return next or string.format('%d', now + 60000)
            """
    )

    /// ``store`` for what is stored even where Redis is full.
    static let storeWhenFull = store.whenFull

    /// Reads a page of one owner's tasks.
    ///
    /// Keys: order, absent. Arguments: the prefix of tasks; how many at most; the place after which they come, or empty; then
    /// the statuses. Returns records in the order of places.
    static let page = RedisScript(
        """
        -- Redis compares strings by its locale, and places are bytes.
        local function isBefore(left, right)
            for i = 1, math.min(#left, #right) do
                local difference = string.byte(left, i) - string.byte(right, i)
                if difference ~= 0 then return difference < 0 end
            end
            return #left < #right
        end
        local places = {}
        for i = 4, #ARGV do
            local first = ARGV[3] == '' and '[' .. ARGV[i] or '(' .. ARGV[i] .. ARGV[3]
            local found = redis.call(
                'ZRANGEBYLEX', KEYS[1], first, '(' .. ARGV[i] .. '\\255', 'LIMIT', 0, ARGV[2]
            )
            for _, member in ipairs(found) do places[#places + 1] = member end
        end
        table.sort(places, function(left, right) return isBefore(string.sub(left, 2), string.sub(right, 2)) end)
        local records = {}
        for _, place in ipairs(places) do
            if #records == tonumber(ARGV[2]) then break end
            local record = redis.call('HGET', ARGV[1] .. string.sub(place, \(RedisKeys.placeDigits + 2)), 'r')
            if record then
                records[#records + 1] = record
            else
                -- Redis forgot the task by itself.
                redis.call('ZREM', KEYS[1], place)
            end
        end
        return records
        """
    )

    /// Finds the due tasks of one owner.
    ///
    /// Keys: order, due, graves, owner, absent. Arguments: the prefix of tasks; the moment; how many at most; then all statuses.
    /// Returns places, the earliest first; where there is none, when the next will be due, empty where never; and whether the
    /// owner is known at all.
    static let due = RedisScript(
        """
        local places = {}
        for _, place in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])) do
            if redis.call('EXISTS', ARGV[1] .. string.sub(place, \(RedisKeys.placeDigits + 1))) == 1 then
                places[#places + 1] = place
            else
                -- Redis forgot the task by itself.
                redis.call('ZREM', KEYS[2], place)
                redis.call('ZREM', KEYS[3], place)
                for i = 4, #ARGV do redis.call('ZREM', KEYS[1], ARGV[i] .. place) end
            end
        end
        local next = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2]
        return {places, next or '', redis.call('EXISTS', KEYS[4])}
        """
    )

    /// Tells sweepers of an owner whom they should look at by some moment.
    ///
    /// Keys: owners. Arguments: the owner; the moment.
    static let announce = RedisScript(
        """
        local look = tonumber(ARGV[2])
        local known = redis.call('ZSCORE', KEYS[1], ARGV[1])
        -- Without what stands behind the point: see RedisOwners.
        if known then look = math.min(look, math.floor(tonumber(known))) end
        redis.call('ZADD', KEYS[1], string.format('%d', look), ARGV[1])
        return redis.call('PEXPIRE', KEYS[1], \(RedisKeys.ownersLifetime))
        """
    )

    /// Says when sweepers should look at an owner next, unless that was changed meanwhile. A full Redis runs it, too, as
    /// sweepers make room.
    ///
    /// Keys: owners. Arguments: the owner; what it was; what it shall be, or empty where the owner is gone.
    static let look = RedisScript(
        """
        redis.call('PEXPIRE', KEYS[1], \(RedisKeys.ownersLifetime))
        if redis.call('ZSCORE', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
        if ARGV[3] == '' then return redis.call('ZREM', KEYS[1], ARGV[1]) end
        return redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
        """
    ).whenFull

    private static let loading = """
        local function load()
            return {
                redis.call('HMGET', KEYS[1], 'v', 'l', 'r', 'm', '1', '2', '4'),
                redis.call('ZCARD', KEYS[2]),
                redis.call('HEXISTS', KEYS[3], 'r')
            }
        end

        """
}
