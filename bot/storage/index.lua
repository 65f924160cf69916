--[[
Note which entries hold which messages, for a log that was stored without that.

ARGV  6 the thread's epoch when the log was read ("" for none), 7 number of the entry up to which
      this is done, 8.. message id and number of the entry, in turn
Returns  1, or 0 when the thread was forgotten or replaced meanwhile
--]]
if (get("epoch") or "") ~= ARGV[6] or number("seq") == 0 then
  return 0
end
for place = 8, #ARGV, 2 do
  if redis.call("HEXISTS", LOG, ARGV[place + 1]) == 1 then
    redis.call("HSETNX", META, "entry:" .. ARGV[place], ARGV[place + 1])
  end
end
if number("indexed") < tonumber(ARGV[7]) then
  redis.call("HSET", META, "indexed", ARGV[7])
end
return 1
