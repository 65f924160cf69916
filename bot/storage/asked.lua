--[[
Which turn runs, and who has asked for it. Changes nothing.

Returns  {turn or false, askers or false, messages of its mail}
--]]
return { get("turn"), get("askers"), redis.call("LRANGE", MAIL, 0, -1) }
